SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount, {'mdtrt_id': f.mdtrt_id} AS facts
FROM frame f ANTI JOIN rx_diagnosis d ON d.mdtrt_id = f.mdtrt_id
