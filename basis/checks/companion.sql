-- Only institutions that charge the companion item at all are judged.
WITH held AS (
    SELECT d.med_list_codg, d.drug_genname, k.companion_id, k.icd_prefix, k.item_zh FROM drug d
    JOIN knowledge_companion k ON d.atc_code LIKE k.atc_prefix || '%'
), item AS (
    SELECT DISTINCT n.psn_no, n.fixmedins_code, n.day, k.companion_id
    FROM net_line n JOIN knowledge_companion k ON contains(n.hilist_name, k.item_name) OR n.med_chrgitm_type = k.charge_type
    WHERE n.in_quarter AND n.list_type = '201'
), place AS (
    SELECT DISTINCT n.fixmedins_code, k.companion_id FROM (
        SELECT fixmedins_code, hilist_name, med_chrgitm_type FROM history_item
        GROUP BY fixmedins_code, hilist_name, med_chrgitm_type HAVING sum(n) > 0
    ) AS n
    JOIN knowledge_companion k ON contains(n.hilist_name, k.item_name) OR n.med_chrgitm_type = k.charge_type
), line AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.day, n.mdtrt_id,
        n.stake_amt, h.drug_genname, h.companion_id, h.icd_prefix, h.item_zh
    FROM net_line n JOIN held h ON h.med_list_codg = n.hilist_code
    JOIN place p ON p.fixmedins_code = n.fixmedins_code AND p.companion_id = h.companion_id
    WHERE n.in_quarter
), meant AS (
    SELECT DISTINCT l.feedetl_sn FROM line l JOIN rx_diagnosis g ON g.mdtrt_id = l.mdtrt_id
    WHERE starts_with(g.diag_code, coalesce(l.icd_prefix, ''))
)
SELECT l.rxno, l.setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.bilg_dr_codg AS dr_codg, l.fee_ocur_time,
    coalesce(l.rxno, l.feedetl_sn) AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'item': l.item_zh} AS facts
FROM line l SEMI JOIN meant m ON m.feedetl_sn = l.feedetl_sn
ANTI JOIN item i ON i.psn_no = l.psn_no AND i.fixmedins_code = l.fixmedins_code AND i.day = l.day
    AND i.companion_id = l.companion_id
