SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, l.stake_amt AS amount, {'drug': l.drug_genname} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
WHERE f.setting = '1' AND l.abx_tier = 3
