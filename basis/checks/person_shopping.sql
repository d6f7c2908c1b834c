WITH bought AS (
    SELECT n.psn_row, coalesce(d.atc_code, d.drug_genname) AS substance, min(d.drug_genname) AS drug,
        count(DISTINCT n.inst_row) AS institutions, sum(ceil(n.prd_days))::INTEGER AS days, max(n.fee_ocur_time) AS last_time
    FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code
    WHERE n.in_quarter AND n.list_type = '101' AND NOT n.med_type LIKE '2%' AND NOT n.med_type LIKE '13%'
    GROUP BY n.psn_row, coalesce(d.atc_code, d.drug_genname) HAVING count(DISTINCT n.inst_row) > 1
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, p.psn_no, NULL AS fixmedins_code, NULL AS dr_codg,
    last_time AS fee_ocur_time, p.psn_no AS subject_code, 0 AS amount,
    {'drug': drug, 'institutions': institutions::INTEGER, 'days': coalesce(days, 0),
     'limit': limit_of('person-shopping', 'most_institutions', last_time)::INTEGER} AS facts
FROM bought b JOIN person p ON p.psn_row = b.psn_row WHERE institutions > limit_of('person-shopping', 'most_institutions', last_time)
