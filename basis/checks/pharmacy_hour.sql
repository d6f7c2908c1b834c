-- Settlements of a pharmacy in one hour beside the same hour of its other days in the quarter.
WITH sale AS (
    SELECT n.setl_id, n.fixmedins_code, max(n.psn_no) AS psn_no, max(n.setl_time) AS setl_time FROM net_line n
    WHERE n.in_quarter AND n.med_type LIKE '41%' GROUP BY n.setl_id, n.fixmedins_code
), place AS (
    SELECT fixmedins_code, count(DISTINCT setl_time::DATE) AS days FROM sale GROUP BY fixmedins_code
), busy AS (
    SELECT fixmedins_code, setl_time::DATE AS on_day, hour(setl_time) AS hour_no, count(*) AS swipes,
        count(DISTINCT psn_no) AS persons, max(setl_time) AS last_time
    FROM sale GROUP BY fixmedins_code, setl_time::DATE, hour(setl_time)
), beside AS (
    SELECT *, sum(swipes) OVER (PARTITION BY fixmedins_code, hour_no) - swipes AS others FROM busy
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, NULL AS psn_no, b.fixmedins_code, NULL AS dr_codg,
    b.last_time AS fee_ocur_time, b.fixmedins_code AS subject_code, 0 AS amount,
    {'day': b.on_day::VARCHAR, 'hour': b.hour_no::INTEGER, 'swipes': b.swipes::INTEGER, 'persons': b.persons::INTEGER,
     'others': b.others::INTEGER, 'days': (p.days - 1)::INTEGER} AS facts
FROM beside b JOIN place p ON p.fixmedins_code = b.fixmedins_code
WHERE b.swipes >= limit_of('pharmacy-hour', 'least_swipes', b.last_time) AND p.days > 1
    AND b.swipes * (p.days - 1) >= b.others * limit_of('pharmacy-hour', 'least_times', b.last_time)
