SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg,
    n.fee_ocur_time, coalesce(n.rxno, n.feedetl_sn) AS subject_code, n.stake_amt AS amount,
    {'drug': d.drug_genname, 'limit': d.sex_limit, 'gend': p.gend,
     'limit_word': CASE d.sex_limit WHEN '1' THEN '男性' ELSE '女性' END,
     'gend_word': CASE p.gend WHEN '1' THEN '男性' ELSE '女性' END} AS facts
FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code JOIN person p USING (psn_no)
WHERE n.in_quarter AND d.sex_limit <> p.gend AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03'
