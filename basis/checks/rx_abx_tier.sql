SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    l.fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'drug': l.drug_genname, 'tier': l.abx_tier, 'allowed': d.abx_tier} AS facts
FROM frame f JOIN rx_line l USING (rx_row) JOIN practitioner d ON d.dr_codg = f.dr_codg
WHERE l.abx_tier > d.abx_tier AND f.setting <> '2'
