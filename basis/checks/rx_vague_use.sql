SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount, {'usage_text': f.usage_text} AS facts
FROM frame f WHERE contains(f.usage_text, '遵医嘱') OR contains(f.usage_text, '自用')
