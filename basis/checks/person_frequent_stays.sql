-- Stays for courses that come in stays (cancer, dialysis, chemotherapy) do not count.
WITH course AS (
    SELECT DISTINCT mdtrt_id FROM diagnosis WHERE regexp_matches(diag_code, '^(C|D0|N18|Z51|Z49)')
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, n.psn_no, NULL AS fixmedins_code, NULL AS dr_codg,
    max(n.setl_time) AS fee_ocur_time, n.psn_no AS subject_code, 0 AS amount,
    {'stays': count(DISTINCT n.mdtrt_id)::INTEGER, 'institutions': count(DISTINCT n.fixmedins_code)::INTEGER,
     'limit': limit_of('person-frequent-stays', 'most_stays', max(n.setl_time))::INTEGER} AS facts
FROM net_line n ANTI JOIN course c ON c.mdtrt_id = n.mdtrt_id
WHERE n.in_quarter AND n.med_type LIKE '2%'
GROUP BY n.psn_no
HAVING count(DISTINCT n.mdtrt_id) > limit_of('person-frequent-stays', 'most_stays', max(n.setl_time))
