SELECT f.rxno, NULL AS setl_id, a.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    a.fee_ocur_time, f.rxno AS subject_code, 0 AS amount, {'first': a.drug_genname, 'second': b.drug_genname} AS facts
FROM frame f JOIN rx_line a USING (rxno) JOIN rx_line b USING (rxno)
JOIN knowledge_incompatible k ON contains(a.drug_genname, k.first_name) AND contains(b.drug_genname, k.second_name)
WHERE a.list_type = '102' AND b.list_type = '102'
