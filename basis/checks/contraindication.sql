WITH held AS (
    SELECT d.med_list_codg, k.icd_prefixes, k.zh, k.en FROM drug d
    JOIN knowledge_contraindication k ON d.atc_code LIKE k.atc_prefix || '%'
), coded AS (
    SELECT DISTINCT diag_code FROM rx_diagnosis
), ill AS (
    SELECT c.diag_code, k.icd_prefixes FROM coded c JOIN (SELECT DISTINCT icd_prefixes FROM knowledge_contraindication) k
        ON regexp_matches(c.diag_code, '^(' || replace(k.icd_prefixes, ' ', '|') || ')')
), line AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.mdtrt_id, l.feedetl_sn, l.rx_line_no, l.fee_ocur_time,
        l.drug_genname, h.icd_prefixes, h.zh, h.en
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row JOIN held h ON h.med_list_codg = l.med_list_codg WHERE l.in_quarter
)
SELECT l.rxno, NULL AS setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.dr_codg, l.fee_ocur_time, l.rxno AS subject_code,
    0 AS amount, {'drug': l.drug_genname, 'diagnosis': min(g.diag_code), 'why': l.zh, 'why_en': l.en} AS facts
FROM line l JOIN rx_diagnosis g ON g.mdtrt_id = l.mdtrt_id
JOIN ill i ON i.diag_code = g.diag_code AND i.icd_prefixes = l.icd_prefixes
GROUP BY l.rxno, l.feedetl_sn, l.rx_line_no, l.psn_no, l.fixmedins_code, l.dr_codg, l.fee_ocur_time, l.drug_genname, l.zh, l.en
