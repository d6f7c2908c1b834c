-- Only diseases that the table lists are judged, and only drugs that have an ATC code or a name in it.
WITH disease AS (
    SELECT DISTINCT dise_codg, zh FROM knowledge_special_disease
), allowed AS (
    SELECT DISTINCT d.med_list_codg, k.dise_codg FROM drug d
    JOIN knowledge_special_disease k ON d.atc_code LIKE k.atc_prefix || '%'
)
SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    coalesce(n.rxno, n.feedetl_sn) AS subject_code, n.stake_amt AS amount,
    {'drug': d.drug_genname, 'disease': s.zh} AS facts
FROM net_line n JOIN disease s ON s.dise_codg = n.dise_codg JOIN drug d ON d.med_list_codg = n.hilist_code
ANTI JOIN allowed a ON a.med_list_codg = n.hilist_code AND a.dise_codg = n.dise_codg
WHERE n.in_quarter AND n.med_type LIKE '14%' AND d.atc_code IS NOT NULL AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03'
