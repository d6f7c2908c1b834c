-- What surrounds a prescription of the frame: diagnoses, reasons, permissions, registration. Grain: rxno.
CREATE TABLE stage.rx_context AS
WITH diagnosed AS (
    SELECT mdtrt_id, count(*) AS n_diagnoses,
        count(CASE WHEN diag_code NOT LIKE 'R%' AND diag_code NOT LIKE 'Z%' THEN 1 END) AS n_diseases
    FROM diagnosis GROUP BY mdtrt_id
), registered AS (
    SELECT f.rxno, count(*) AS n_valid,
        count(CASE WHEN o.opsp_dise_code = f.dise_codg THEN 1 END) AS n_same
    FROM frame f JOIN opsp_registration o ON o.psn_no = f.psn_no
        AND o.begndate <= CAST(f.prsc_time AS DATE)
        AND coalesce(o.enddate, DATE '9999-12-31') >= CAST(f.prsc_time AS DATE)
    GROUP BY f.rxno
)
SELECT f.rxno, f.setting, f.total_amt, f.fund_stake, f.age_days, f.gend, f.med_type,
    CAST(coalesce(d.n_diagnoses, 0) AS INTEGER) AS n_diagnoses,
    coalesce(d.n_diagnoses > 0 AND d.n_diseases = 0, FALSE) AS symptoms_only,
    p.phar_codg IS NULL AS no_pharmacist, p.ext_reason IS NOT NULL AS reason_written,
    coalesce(p.usage_text LIKE '%遵医嘱%' OR p.usage_text LIKE '%自用%', FALSE) AS vague_directions,
    p.long_rx_flag = 1 AS long_rx, p.rx_circ_flag = 1 AS external_rx,
    coalesce(p.geso_flag, 0) = 1 AS pregnant,
    coalesce(g.n_valid, 0) > 0 AS registered,
    CASE WHEN f.med_type LIKE '14%' THEN coalesce(g.n_same, 0) = 0 ELSE FALSE END AS benefit_unregistered,
    t.abx_tier AS dr_abx_tier, t.dr_profttl, i.fixmedins_type, i.hosp_lv,
    r.day, r.hour_no, r.second_no, r.amount_fen, (r.day + 3) % 7 >= 5 AS weekend,
    r.hour_no < 7 OR r.hour_no >= 20 AS night,
    CASE WHEN r.day > q.dead_date - DATE '1970-01-01'
        THEN r.day - (q.dead_date - DATE '1970-01-01') ELSE 0 END AS days_after_death,
    CASE WHEN f.setting = '1' AND (p.long_rx_flag = 1 OR f.med_type LIKE '14%' OR coalesce(g.n_valid, 0) > 0)
            THEN 84
         WHEN f.setting = '1' THEN 7
         WHEN f.setting = '2' THEN 3 END AS usual_limit_days
FROM frame f
JOIN prescription p ON p.rxno = f.rxno
JOIN stage.rx r ON r.rxno = f.rxno
JOIN person q ON q.psn_no = f.psn_no
JOIN institution i ON i.fixmedins_code = f.fixmedins_code
LEFT JOIN practitioner t ON t.dr_codg = f.dr_codg
LEFT JOIN diagnosed d ON d.mdtrt_id = f.mdtrt_id
LEFT JOIN registered g ON g.rxno = f.rxno;
