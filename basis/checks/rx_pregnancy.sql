WITH pregnant AS (
    SELECT f.rxno FROM frame f WHERE f.geso_flag = 1
    UNION
    SELECT f.rxno FROM frame f JOIN rx_diagnosis d USING (mdtrt_id) WHERE regexp_matches(d.diag_code, '^(O|Z3[345])')
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    l.fee_ocur_time, f.rxno AS subject_code, 0 AS amount, {'drug': l.drug_genname} AS facts
FROM frame f SEMI JOIN pregnant g ON g.rxno = f.rxno JOIN rx_line l ON l.rx_row = f.rx_row
WHERE l.preg_contra_flag = 1 AND f.gend = '2'
