-- One row of the knowledge table is a class in which two substances on one prescription are not usual.
WITH member AS (
    SELECT f.rxno, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time, l.atc_code, l.drug_genname,
        k.class_id, k.zh, k.en
    FROM frame f JOIN rx_line l USING (rxno) JOIN knowledge_class k ON l.atc_code LIKE k.atc_prefix || '%'
), named AS (
    SELECT rxno, class_id, string_agg(drug_genname, '、' ORDER BY drug_genname) AS drugs
    FROM (SELECT DISTINCT rxno, class_id, drug_genname FROM member) AS once GROUP BY rxno, class_id
)
SELECT m.rxno, NULL AS setl_id, min(m.feedetl_sn) AS feedetl_sn, m.psn_no, m.fixmedins_code, m.dr_codg,
    min(m.fee_ocur_time) AS fee_ocur_time, m.rxno AS subject_code, 0 AS amount,
    {'class_zh': m.zh, 'class_en': m.en, 'drugs': n.drugs} AS facts
FROM member m JOIN named n ON n.rxno = m.rxno AND n.class_id = m.class_id
GROUP BY m.rxno, m.psn_no, m.fixmedins_code, m.dr_codg, m.class_id, m.zh, m.en, n.drugs
HAVING count(DISTINCT m.atc_code) > 1
