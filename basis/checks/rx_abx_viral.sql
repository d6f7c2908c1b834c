-- Upper respiratory infection or influenza alone; any other infection, or an immune deficiency, excepts.
WITH seen AS (
    SELECT mdtrt_id, bool_and(regexp_matches(diag_code, '^J(00|06|11)')
            OR NOT regexp_matches(diag_code, '^(A|B|J|N1|N3|N7|K81|L0|H6|R50|D7|D8|C|Z94)')) AS viral_only,
        bool_or(regexp_matches(diag_code, '^J(00|06|11)')) AS viral,
        string_agg(diag_name, '、' ORDER BY diag_srt_no) AS diagnoses
    FROM rx_diagnosis GROUP BY mdtrt_id)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    l.fee_ocur_time, f.rxno AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'diagnoses': diagnoses} AS facts
FROM frame f JOIN seen USING (mdtrt_id) JOIN rx_line l USING (rx_row)
WHERE viral AND viral_only AND l.atc_code LIKE 'J01%'
