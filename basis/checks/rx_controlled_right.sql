-- The register of rights is not dated, so what held on the day is for a person to see.
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount,
    {'drug': l.drug_genname, 'class': CASE l.control_class WHEN 'N' THEN '麻醉药品' ELSE '第一类精神药品' END} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row JOIN practitioner d ON d.dr_codg = f.dr_codg
WHERE l.control_class IN ('N', 'P1') AND d.narcotic_flag = 0
