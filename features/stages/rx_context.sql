-- Diagnoses of a prescription's visit. Grain: rx_row and a diagnosis of the look-back's prescriptions. The tag
-- is the ICD-10 category; traditional diagnoses and syndromes have a T before it.
CREATE TABLE stage.rx_diagnosis AS
SELECT r.rx_row, r.in_quarter,
    CASE WHEN d.diag_type = '1' THEN '' ELSE 'T' END || upper(substr(d.diag_code, 1, 3)) AS tag,
    d.diag_code NOT LIKE 'R%' AND d.diag_code NOT LIKE 'Z%' AS disease
FROM whole.diagnosis d
JOIN prescription p ON p.mdtrt_id = d.mdtrt_id
JOIN rx r ON r.rx_row = p.rx_row;

-- What surrounds a prescription of the frame: diagnoses, reasons, permissions, registration. Grain: rx_row.
CREATE TABLE stage.rx_context AS
WITH diagnosed AS (
    SELECT rx_row, count(*) AS n_diagnoses, count(CASE WHEN disease THEN 1 END) AS n_diseases
    FROM stage.rx_diagnosis WHERE in_quarter GROUP BY rx_row
), chronic AS (
    SELECT p.psn_row, o.opsp_dise_code, o.begndate - DATE '1970-01-01' AS first_day,
        coalesce(o.enddate, DATE '9999-12-31') - DATE '1970-01-01' AS last_day
    FROM opsp_registration o JOIN person p ON p.psn_no = o.psn_no
), registered AS (
    SELECT r.rx_row, count(*) AS n_valid, count(CASE WHEN o.opsp_dise_code = r.dise_codg THEN 1 END) AS n_same
    FROM rx r JOIN chronic o ON o.psn_row = r.psn_row AND o.first_day <= r.day AND o.last_day >= r.day
    WHERE r.in_quarter GROUP BY r.rx_row
), permitted AS (
    SELECT k.dr_row, t.abx_tier, t.dr_profttl, t.narcotic_flag
    FROM dr_key k JOIN practitioner t ON t.dr_codg = k.dr_codg
)
SELECT r.rx_row, r.setting, CAST(r.amount_fen AS DOUBLE) / 100 AS total_amt,
    CAST(r.stake_fen AS DOUBLE) / 100 AS fund_stake, r.age_days, r.gend, r.hosp_lv,
    CAST(coalesce(d.n_diagnoses, 0) AS INTEGER) AS n_diagnoses,
    coalesce(d.n_diagnoses > 0 AND d.n_diseases = 0, FALSE) AS symptoms_only,
    r.no_pharmacist, r.reason_written, r.vague_directions, r.long_rx, r.external_rx, r.pregnant,
    coalesce(g.n_valid, 0) > 0 AS registered,
    CASE WHEN r.med_type LIKE '14%' THEN coalesce(g.n_same, 0) = 0 ELSE FALSE END AS benefit_unregistered,
    t.abx_tier AS dr_abx_tier, t.dr_profttl, coalesce(t.narcotic_flag, 0) AS narcotic_flag,
    (r.day + 3) % 7 >= 5 AS weekend, r.hour_no < 7 OR r.hour_no >= 20 AS night, r.days_after_death,
    CASE WHEN r.setting = '1' AND (r.long_rx OR r.med_type LIKE '14%' OR coalesce(g.n_valid, 0) > 0) THEN 84
         WHEN r.setting = '1' THEN 7
         WHEN r.setting = '2' THEN 3 END AS usual_limit_days
FROM rx r
LEFT JOIN permitted t ON t.dr_row = r.dr_row
LEFT JOIN diagnosed d ON d.rx_row = r.rx_row
LEFT JOIN registered g ON g.rx_row = r.rx_row
WHERE r.in_quarter;
