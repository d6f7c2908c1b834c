SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg,
    n.fee_ocur_time, n.psn_no AS subject_code, n.stake_amt AS amount,
    {'day': n.fee_ocur_time::DATE::VARCHAR, 'dead_date': p.dead_date::VARCHAR} AS facts
FROM net_line n JOIN person p USING (psn_no) WHERE n.in_quarter AND n.fee_ocur_time::DATE > p.dead_date
