SELECT rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    coalesce(rxno, feedetl_sn) AS subject_code, stake_amt AS amount,
    {'own': medins_list_name, 'listed': hilist_name} AS facts
FROM net_line WHERE in_quarter AND medins_list_name IS NOT NULL AND list_type IN ('101', '102')
    AND translate(lower(medins_list_name), lower(hilist_name), '') = lower(medins_list_name)
