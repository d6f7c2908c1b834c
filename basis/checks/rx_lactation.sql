WITH listed AS (
    SELECT d.med_list_codg, min(k.zh) AS zh, min(k.en) AS en FROM drug d JOIN knowledge_lactation k
        ON d.atc_code LIKE k.atc_prefix || '%' GROUP BY d.med_list_codg
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount, {'drug': l.drug_genname, 'why': k.zh, 'why_en': k.en} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
JOIN listed k ON k.med_list_codg = l.med_list_codg
WHERE f.suck_prd_flag = 1 AND f.gend = '2'
