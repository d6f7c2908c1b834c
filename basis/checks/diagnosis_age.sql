WITH coded AS (
    SELECT DISTINCT diag_code FROM rx_diagnosis
), bounded AS (
    SELECT c.diag_code, max(coalesce(k.age_min_days::INTEGER, 0)) AS least, min(coalesce(k.age_max_days::INTEGER, 99999)) AS most
    FROM coded c JOIN knowledge_diagnosis_age k ON starts_with(c.diag_code, k.icd_prefix) GROUP BY c.diag_code
)
SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'diag_code': g.diag_code, 'diag_name': g.diag_name, 'age_days': f.age_days, 'least': b.least, 'most': b.most} AS facts
FROM rx_diagnosis g JOIN bounded b ON b.diag_code = g.diag_code JOIN frame f ON f.mdtrt_id = g.mdtrt_id
WHERE NOT f.age_days BETWEEN b.least AND b.most
