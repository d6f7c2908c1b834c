-- Class 2 may be given longer to chronic patients with a reason, so a person decides.
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount,
    {'drug': l.drug_genname, 'class': CASE l.control_class WHEN 'N' THEN '麻醉药品' WHEN 'T' THEN '毒性药品'
        WHEN 'P1' THEN '第一类精神药品' ELSE '第二类精神药品' END} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
WHERE f.long_rx_flag = 1 AND l.control_class IN ('N', 'P1', 'P2', 'T')
