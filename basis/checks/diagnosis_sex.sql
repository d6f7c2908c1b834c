SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'diag_code': g.diag_code, 'diag_name': g.diag_name, 'gend': f.gend} AS facts
FROM frame f JOIN rx_diagnosis g USING (mdtrt_id)
WHERE (f.gend = '1' AND regexp_matches(g.diag_code, '^(O|N7[0-7]|N8[0-9]|N9[0-8]|C5[1-8]|Z3[345])'))
    OR (f.gend = '2' AND regexp_matches(g.diag_code, '^(N4[0-9]|N50|N51|C6[0-3])'))
