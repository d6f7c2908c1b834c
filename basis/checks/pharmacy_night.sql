-- Sales in the hours of night at a pharmacy that mostly sells nothing then: one open through the night sells on most nights.
WITH sale AS (
    SELECT n.setl_id, n.fixmedins_code, max(n.setl_time) AS setl_time FROM net_line n
    WHERE n.in_quarter AND n.med_type LIKE '41%' GROUP BY n.setl_id, n.fixmedins_code
), marked AS (
    SELECT *, hour(setl_time) >= limit_of('pharmacy-night', 'night_from', setl_time)
        OR hour(setl_time) < limit_of('pharmacy-night', 'night_to', setl_time) AS at_night
    FROM sale
), summed AS (
    SELECT fixmedins_code, count(DISTINCT setl_time::DATE) AS days, max(CASE WHEN at_night THEN setl_time END) AS last_time,
        count(CASE WHEN at_night THEN 1 END) AS sales, count(DISTINCT CASE WHEN at_night THEN setl_time::DATE END) AS nights
    FROM marked GROUP BY fixmedins_code
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, NULL AS psn_no, fixmedins_code, NULL AS dr_codg,
    last_time AS fee_ocur_time, fixmedins_code AS subject_code, 0 AS amount,
    {'sales': sales::INTEGER, 'nights': nights::INTEGER, 'days': days::INTEGER} AS facts
FROM summed
WHERE sales >= limit_of('pharmacy-night', 'least_sales', last_time)
    AND 100 * nights <= days * limit_of('pharmacy-night', 'most_nights_percent', last_time)
