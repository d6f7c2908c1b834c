-- Tuberculosis and other chronic bacterial or fungal infections are excepted; antivirals are not judged.
WITH chronic AS (
    SELECT DISTINCT mdtrt_id FROM rx_diagnosis WHERE regexp_matches(diag_code, '^(A1[5-9]|A3[01]|A23|A31|B3[5-9]|B4|J47|M86|I33|L70)')
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount, {'drug': l.drug_genname} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
ANTI JOIN chronic c ON c.mdtrt_id = f.mdtrt_id
WHERE f.long_rx_flag = 1 AND (l.atc_code LIKE 'J01%' OR l.atc_code LIKE 'J02%')
