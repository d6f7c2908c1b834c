SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, n.psn_no, NULL AS fixmedins_code, NULL AS dr_codg,
    max(n.setl_time) AS fee_ocur_time, n.psn_no AS subject_code, 0 AS amount,
    {'visits': count(DISTINCT n.mdtrt_id)::INTEGER, 'institutions': count(DISTINCT n.fixmedins_code)::INTEGER,
     'limit': limit_of('person-frequent-visits', 'most_visits', max(n.setl_time))::INTEGER} AS facts
FROM net_line n WHERE n.in_quarter AND (n.med_type LIKE '11%' OR n.med_type LIKE '13%' OR n.med_type LIKE '14%')
GROUP BY n.psn_no
HAVING count(DISTINCT n.mdtrt_id) > limit_of('person-frequent-visits', 'most_visits', max(n.setl_time))
