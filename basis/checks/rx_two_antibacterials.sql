-- Two systemic antibacterials on one prescription; what the table allows together for a diagnosis is lawful.
WITH member AS (
    SELECT DISTINCT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.mdtrt_id, f.prsc_time, l.atc_code, l.drug_genname
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    WHERE f.setting IN ('1', '2') AND l.in_quarter AND l.atc_code LIKE 'J01%' AND coalesce(f.ext_reason, '') = ''
), pair AS (
    SELECT a.rxno, a.psn_no, a.fixmedins_code, a.dr_codg, a.mdtrt_id, a.prsc_time, a.atc_code AS one, b.atc_code AS other,
        a.drug_genname AS first_drug, b.drug_genname AS second_drug
    FROM member a JOIN member b ON b.rxno = a.rxno AND b.atc_code > a.atc_code
), excused AS (
    SELECT DISTINCT p.rxno, p.one, p.other FROM pair p JOIN rx_diagnosis g ON g.mdtrt_id = p.mdtrt_id
    JOIN knowledge_abx_together k ON ((p.one LIKE k.first_atc || '%' AND p.other LIKE k.second_atc || '%')
        OR (p.other LIKE k.first_atc || '%' AND p.one LIKE k.second_atc || '%'))
        AND regexp_matches(g.diag_code, '^(' || replace(k.icd_prefixes, ' ', '|') || ')')
)
SELECT p.rxno, NULL AS setl_id, NULL AS feedetl_sn, p.psn_no, p.fixmedins_code, p.dr_codg, p.prsc_time AS fee_ocur_time,
    p.rxno AS subject_code, 0 AS amount, {'first': min(p.first_drug), 'second': max(p.second_drug)} AS facts
FROM pair p ANTI JOIN excused e ON e.rxno = p.rxno AND e.one = p.one AND e.other = p.other
GROUP BY p.rxno, p.psn_no, p.fixmedins_code, p.dr_codg, p.prsc_time
