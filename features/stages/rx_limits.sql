-- Lines of the frame's prescriptions against what the catalogue says of the drug: label sex and age, payment
-- restrictions, and the prescriber's right to controlled drugs. Grain: rxno.
CREATE TABLE stage.limited_line AS
SELECT l.line_id, l.rxno, f.mdtrt_id, d.lmt_icd,
    CASE WHEN d.sex_limit IS NOT NULL AND d.sex_limit <> f.gend THEN 1
         WHEN f.age_days < d.age_min_days OR f.age_days > d.age_max_days THEN 1 ELSE 0 END AS wrong_person,
    CASE WHEN d.lmt_hosp_lv > f.hosp_lv THEN 1 ELSE 0 END AS under_level,
    CASE WHEN d.control_class IN ('N', 'P1') AND coalesce(t.narcotic_flag, 0) = 0 THEN 1 ELSE 0 END AS no_right
FROM stage.line l
JOIN frame f ON f.rxno = l.rxno
JOIN drug d ON d.med_list_codg = l.med_list_codg
LEFT JOIN practitioner t ON t.dr_codg = f.dr_codg
WHERE l.in_quarter;

-- A restriction to diagnoses is met when a diagnosis of the visit begins with one of the listed prefixes.
CREATE TABLE stage.rx_limits AS
WITH met AS (
    SELECT DISTINCT l.line_id
    FROM stage.limited_line l JOIN diagnosis d ON d.mdtrt_id = l.mdtrt_id
    WHERE l.lmt_icd IS NOT NULL AND (
        ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 1) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 2) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 3) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 5) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 6) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || d.diag_code || ' %')
)
SELECT l.rxno, CAST(sum(l.wrong_person) AS INTEGER) AS wrong_person,
    CAST(sum(l.under_level) AS INTEGER) AS under_level, CAST(sum(l.no_right) AS INTEGER) AS no_right,
    CAST(count(CASE WHEN l.lmt_icd IS NOT NULL AND m.line_id IS NULL THEN 1 END) AS INTEGER) AS outside_icd
FROM stage.limited_line l LEFT JOIN met m ON m.line_id = l.line_id
GROUP BY l.rxno;
