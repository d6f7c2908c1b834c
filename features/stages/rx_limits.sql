-- Lines of the frame's prescriptions against what the catalogue says of the drug: label sex and age, payment
-- restrictions, and the prescriber's right to controlled drugs. Grain: a line of a drug with any such limit.
CREATE TABLE stage.limited_line AS
SELECT l.rx_row, l.item, m.lmt_icd,
    CASE WHEN m.sex_limit IS NOT NULL AND m.sex_limit <> f.gend THEN 1
         WHEN f.age_days < m.age_min_days OR f.age_days > m.age_max_days THEN 1 ELSE 0 END AS wrong_person,
    CASE WHEN m.lmt_hosp_lv > f.hosp_lv THEN 1 ELSE 0 END AS under_level,
    CASE WHEN m.control_class IN ('N', 'P1') AND f.narcotic_flag = 0 THEN 1 ELSE 0 END AS no_right
FROM stage.line l
JOIN stage.medicine m ON m.item = l.item AND m.listed AND m.limited
JOIN stage.rx_context f ON f.rx_row = l.rx_row
WHERE l.in_quarter;

-- A restriction to diagnoses is met when a diagnosis of the visit begins with one of the listed prefixes.
CREATE TABLE stage.rx_limits AS
WITH restricted AS (
    SELECT DISTINCT rx_row, item, lmt_icd FROM stage.limited_line WHERE lmt_icd IS NOT NULL
), visited AS (
    SELECT DISTINCT p.rx_row, p.mdtrt_id FROM prescription p SEMI JOIN restricted r ON r.rx_row = p.rx_row
), diagnosed AS (
    SELECT v.rx_row, d.diag_code FROM whole.diagnosis d JOIN visited v ON v.mdtrt_id = d.mdtrt_id
), met AS (
    SELECT DISTINCT l.rx_row, l.item
    FROM restricted l JOIN diagnosed d ON d.rx_row = l.rx_row
    WHERE ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 1) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 2) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 3) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 5) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || substr(d.diag_code, 1, 6) || ' %'
        OR ' ' || l.lmt_icd || ' ' LIKE '% ' || d.diag_code || ' %'
)
SELECT l.rx_row, CAST(sum(l.wrong_person) AS INTEGER) AS wrong_person,
    CAST(sum(l.under_level) AS INTEGER) AS under_level, CAST(sum(l.no_right) AS INTEGER) AS no_right,
    CAST(count(CASE WHEN l.lmt_icd IS NOT NULL AND m.rx_row IS NULL THEN 1 END) AS INTEGER) AS outside_icd
FROM stage.limited_line l LEFT JOIN met m ON m.rx_row = l.rx_row AND m.item = l.item
GROUP BY l.rx_row;
