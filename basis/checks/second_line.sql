-- A second-line drug with none of its first-line drugs on record until that day. What was taken before the record
-- begins cannot be seen, so the first day of the record stands in the evidence.
WITH second AS (
    SELECT d.med_list_codg, d.drug_genname, k.line_id, k.first_zh FROM drug d
    JOIN (SELECT DISTINCT line_id, second_atc, first_zh FROM knowledge_second_line) k ON d.atc_code LIKE k.second_atc || '%'
), first AS (
    SELECT DISTINCT d.med_list_codg, k.line_id FROM drug d JOIN knowledge_second_line k ON d.atc_code LIKE k.first_atc || '%'
), line AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_row, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.mdtrt_id,
        n.stake_amt, n.day, s.drug_genname, s.line_id, s.first_zh
    FROM net_line n JOIN second s ON s.med_list_codg = n.hilist_code
    LEFT JOIN prescription p ON p.rxno = n.rxno
    WHERE n.in_quarter AND coalesce(n.chrgitm_lv, '') <> '03' AND coalesce(n.hosp_appr_flag, '0') <> '1'
        AND coalesce(p.ext_reason, '') = ''
), tried AS (
    SELECT n.psn_row, f.line_id, min(n.day) AS first_day
    FROM history_line n JOIN first f ON f.med_list_codg = n.hilist_code
    SEMI JOIN line ON line.psn_row = n.psn_row GROUP BY n.psn_row, f.line_id
), coded AS (
    SELECT DISTINCT g.mdtrt_id, g.diag_code FROM rx_diagnosis g SEMI JOIN line ON line.mdtrt_id = g.mdtrt_id
), excused AS (
    SELECT DISTINCT c.mdtrt_id, k.line_id FROM coded c
    JOIN (SELECT DISTINCT line_id, except_icd FROM knowledge_second_line WHERE except_icd IS NOT NULL) k
        ON regexp_matches(c.diag_code, '^(' || replace(k.except_icd, ' ', '|') || ')')
), record AS (
    SELECT min(on_day)::VARCHAR AS since FROM (SELECT on_day FROM history_day GROUP BY on_day HAVING sum(n) > 0) AS d
)
SELECT l.rxno, l.setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.bilg_dr_codg AS dr_codg, l.fee_ocur_time,
    coalesce(l.rxno, l.feedetl_sn) AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'first_line': l.first_zh, 'since': (SELECT since FROM record)} AS facts
FROM line l LEFT JOIN tried t ON t.psn_row = l.psn_row AND t.line_id = l.line_id
ANTI JOIN excused e ON e.mdtrt_id = l.mdtrt_id AND e.line_id = l.line_id
WHERE t.first_day IS NULL OR t.first_day > l.day
