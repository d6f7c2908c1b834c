-- Upper respiratory infection or influenza alone; any other infection, or an immune deficiency, excepts.
WITH given AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.mdtrt_id, l.feedetl_sn, l.fee_ocur_time, l.stake_amt, l.drug_genname
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row WHERE l.atc_code LIKE 'J01%'
), seen AS (
    SELECT mdtrt_id, bool_and(regexp_matches(diag_code, '^J(00|06|11)')
            OR NOT regexp_matches(diag_code, '^(A|B|J|N1|N3|N7|K81|L0|H6|R50|D7|D8|C|Z94)')) AS viral_only,
        bool_or(regexp_matches(diag_code, '^J(00|06|11)')) AS viral,
        string_agg(diag_name, '、' ORDER BY diag_srt_no) AS diagnoses
    FROM rx_diagnosis g SEMI JOIN given l ON l.mdtrt_id = g.mdtrt_id GROUP BY mdtrt_id)
SELECT l.rxno, NULL AS setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.dr_codg,
    l.fee_ocur_time, l.rxno AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'diagnoses': diagnoses} AS facts
FROM given l JOIN seen s ON s.mdtrt_id = l.mdtrt_id WHERE s.viral AND s.viral_only
