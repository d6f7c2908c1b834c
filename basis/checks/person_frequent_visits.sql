WITH paid AS (
    SELECT DISTINCT setl_row FROM net WHERE in_quarter
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, s.psn_no, NULL AS fixmedins_code, NULL AS dr_codg,
    max(s.setl_time) AS fee_ocur_time, s.psn_no AS subject_code, 0 AS amount,
    {'visits': count(DISTINCT s.mdtrt_id)::INTEGER, 'institutions': count(DISTINCT s.fixmedins_code)::INTEGER,
     'limit': limit_of('person-frequent-visits', 'most_visits', max(s.setl_time))::INTEGER} AS facts
FROM settlement s SEMI JOIN paid p ON p.setl_row = s.setl_row
WHERE s.med_type LIKE '11%' OR s.med_type LIKE '13%' OR s.med_type LIKE '14%'
GROUP BY s.psn_no
HAVING count(DISTINCT s.mdtrt_id) > limit_of('person-frequent-visits', 'most_visits', max(s.setl_time))
