SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, n.psn_no, NULL AS fixmedins_code, NULL AS dr_codg,
    max(n.setl_time) AS fee_ocur_time, n.psn_no AS subject_code, 0 AS amount,
    {'purchases': count(DISTINCT n.setl_id)::INTEGER, 'pharmacies': count(DISTINCT n.fixmedins_code)::INTEGER,
     'limit': limit_of('person-frequent-purchases', 'most_purchases', max(n.setl_time))::INTEGER} AS facts
FROM net_line n WHERE n.in_quarter AND n.med_type LIKE '41%'
GROUP BY n.psn_no
HAVING count(DISTINCT n.setl_id) > limit_of('person-frequent-purchases', 'most_purchases', max(n.setl_time))
