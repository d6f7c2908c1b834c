SELECT f.rxno, NULL AS setl_id, a.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    a.fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'first': a.drug_genname, 'second': b.drug_genname, 'effect_zh': k.effect_zh, 'effect_en': k.effect_en} AS facts
FROM frame f JOIN rx_line a USING (rxno) JOIN rx_line b USING (rxno)
JOIN knowledge_interaction k ON a.atc_code LIKE k.first_atc || '%' AND b.atc_code LIKE k.second_atc || '%'
WHERE a.med_list_codg <> b.med_list_codg
