WITH rate AS (
    SELECT fixmedins_code, 100 * count(phar_codg) // count(*) AS share FROM prescription
    WHERE prsc_time >= (SELECT begin FROM period) GROUP BY fixmedins_code)
SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount, {'checked_share': share} AS facts
FROM frame f JOIN rate r ON r.fixmedins_code = f.fixmedins_code
WHERE f.phar_codg IS NULL AND f.setting IN ('1', '2')
    AND share >= limit_of('rx-not-checked', 'least_checked_percent', f.prsc_time)
