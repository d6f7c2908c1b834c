SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg,
    n.fee_ocur_time, coalesce(n.rxno, n.feedetl_sn) AS subject_code, n.stake_amt AS amount,
    {'drug': d.drug_genname, 'limit': d.lmt_hosp_lv, 'level': i.hosp_lv} AS facts
FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code JOIN institution i USING (fixmedins_code)
WHERE n.in_quarter AND try_cast(i.hosp_lv AS INTEGER) < try_cast(d.lmt_hosp_lv AS INTEGER)
    AND i.fixmedins_type = '1' AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03'
