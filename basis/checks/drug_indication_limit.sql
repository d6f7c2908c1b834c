WITH limited AS (
    SELECT med_list_codg, drug_genname, chrgitm_lv, lmt_icd, coalesce(lmt_text, lmt_icd) AS limited FROM drug WHERE lmt_icd IS NOT NULL
), line AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.mdtrt_id,
        n.stake_amt, d.drug_genname, d.limited, d.lmt_icd
    FROM net_line n JOIN limited d ON d.med_list_codg = n.hilist_code
    WHERE n.in_quarter AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03' AND coalesce(n.hosp_appr_flag, '0') <> '1'
), told AS (
    SELECT g.mdtrt_id, string_agg(g.diag_code, ' ' ORDER BY g.diag_srt_no) AS diagnoses
    FROM rx_diagnosis g SEMI JOIN line l ON l.mdtrt_id = g.mdtrt_id GROUP BY g.mdtrt_id
)
SELECT l.rxno, l.setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.bilg_dr_codg AS dr_codg, l.fee_ocur_time,
    coalesce(l.rxno, l.feedetl_sn) AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'limit': l.limited, 'diagnoses': t.diagnoses} AS facts
FROM line l JOIN told t ON t.mdtrt_id = l.mdtrt_id
-- A code of the visit begins with one of the limit's; a dot is a dot.
WHERE NOT regexp_matches(' ' || t.diagnoses, ' (' || replace(replace(trim(l.lmt_icd), '.', '[.]'), ' ', '|') || ')')
