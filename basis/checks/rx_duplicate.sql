-- One row of the knowledge table is a class in which two substances on one prescription are not usual.
SELECT f.rxno, NULL AS setl_id, min(l.feedetl_sn) AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    min(l.fee_ocur_time) AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'class_zh': k.zh, 'class_en': k.en,
     'drugs': string_agg(DISTINCT l.drug_genname, '、' ORDER BY l.drug_genname)} AS facts
FROM frame f JOIN rx_line l USING (rxno) JOIN knowledge_class k ON l.atc_code LIKE k.atc_prefix || '%'
GROUP BY f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, k.class_id, k.zh, k.en
HAVING count(DISTINCT l.atc_code) > 1
