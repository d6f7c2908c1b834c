-- Two systemic antibacterials on one prescription; what the table allows together for a diagnosis is lawful.
WITH named AS (
    SELECT f.rxno, string_agg(l.feedetl_sn, ' ' ORDER BY l.feedetl_sn) AS lines FROM rx_line l JOIN frame f ON f.rx_row = l.rx_row
    WHERE l.in_quarter AND l.atc_code LIKE 'J01%' GROUP BY f.rxno
), given AS (
    SELECT l.rx_row, l.atc_code, min(l.drug_genname) AS first_drug, max(l.drug_genname) AS last_drug
    FROM rx_line l WHERE l.in_quarter AND l.atc_code LIKE 'J01%' GROUP BY l.rx_row, l.atc_code
), pair AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.mdtrt_id, f.prsc_time, a.atc_code AS one, b.atc_code AS other,
        a.first_drug, b.last_drug AS second_drug
    FROM given a JOIN given b ON b.rx_row = a.rx_row AND b.atc_code > a.atc_code
    JOIN frame f ON f.rx_row = a.rx_row WHERE f.setting IN ('1', '2') AND coalesce(f.ext_reason, '') = ''
), allowed AS (
    SELECT DISTINCT p.one, p.other, k.icd_prefixes FROM (SELECT DISTINCT one, other FROM pair) p
    JOIN knowledge_abx_together k ON (starts_with(p.one, k.first_atc) AND starts_with(p.other, k.second_atc))
        OR (starts_with(p.other, k.first_atc) AND starts_with(p.one, k.second_atc))
), excused AS (
    SELECT DISTINCT p.rxno, p.one, p.other FROM pair p
    JOIN allowed k ON k.one = p.one AND k.other = p.other
    JOIN rx_diagnosis g ON g.mdtrt_id = p.mdtrt_id
    WHERE regexp_matches(g.diag_code, '^(' || replace(k.icd_prefixes, ' ', '|') || ')')
)
SELECT p.rxno, NULL AS setl_id, NULL AS feedetl_sn, p.psn_no, p.fixmedins_code, p.dr_codg, p.prsc_time AS fee_ocur_time,
    p.rxno AS subject_code, 0 AS amount, {'first': min(p.first_drug), 'second': max(p.second_drug), 'lines': min(n.lines)} AS facts
FROM pair p JOIN named n ON n.rxno = p.rxno ANTI JOIN excused e ON e.rxno = p.rxno AND e.one = p.one AND e.other = p.other
GROUP BY p.rxno, p.psn_no, p.fixmedins_code, p.dr_codg, p.prsc_time
