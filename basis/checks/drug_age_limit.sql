SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg,
    n.fee_ocur_time, coalesce(n.rxno, n.feedetl_sn) AS subject_code, 0 AS amount,
    {'drug': d.drug_genname, 'age_days': (n.fee_ocur_time::DATE - p.brdy)::INTEGER,
     'age_min': coalesce(d.age_min_days, 0), 'age_max': coalesce(d.age_max_days, 99999)} AS facts
FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code JOIN person p USING (psn_no)
WHERE n.in_quarter AND NOT ((n.fee_ocur_time::DATE - p.brdy) BETWEEN coalesce(d.age_min_days, 0)
    AND coalesce(d.age_max_days, 99999))
