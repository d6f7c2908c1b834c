SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg,
    n.fee_ocur_time, coalesce(n.rxno, n.feedetl_sn) AS subject_code, n.stake_amt AS amount,
    {'drug': d.drug_genname, 'limit': d.lmt_med_type, 'med_type': n.med_type} AS facts
FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code
WHERE n.in_quarter AND d.lmt_med_type IS NOT NULL AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03'
    AND NOT regexp_matches(n.med_type, '^(' || replace(trim(d.lmt_med_type), ' ', '|') || ')')
