WITH prefix AS (
    SELECT med_list_codg, unnest(string_split(lmt_icd, ' ')) AS code FROM drug WHERE lmt_icd IS NOT NULL
), line AS (
    SELECT n.*, d.drug_genname, coalesce(d.lmt_text, d.lmt_icd) AS limited
    FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code
    WHERE n.in_quarter AND d.lmt_icd IS NOT NULL AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03'
        AND coalesce(n.hosp_appr_flag, '0') <> '1'
), told AS (
    SELECT mdtrt_id, string_agg(diag_code, ' ' ORDER BY diag_srt_no) AS diagnoses FROM diagnosis GROUP BY mdtrt_id
), fits AS (
    SELECT DISTINCT l.feedetl_sn FROM line l JOIN prefix p ON p.med_list_codg = l.hilist_code
    JOIN diagnosis g ON g.mdtrt_id = l.mdtrt_id AND starts_with(g.diag_code, p.code)
)
SELECT l.rxno, l.setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.bilg_dr_codg AS dr_codg, l.fee_ocur_time,
    coalesce(l.rxno, l.feedetl_sn) AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'limit': l.limited, 'diagnoses': told.diagnoses} AS facts
FROM line l JOIN told USING (mdtrt_id) ANTI JOIN fits ON fits.feedetl_sn = l.feedetl_sn
