-- One row of the knowledge table is a class in which two substances on one prescription are not usual; pairs that
-- the table of allowed pairs names are lawful together, and a written reason excuses.
WITH classed AS (
    SELECT d.med_list_codg, d.drug_genname, d.atc_code, k.class_id, k.zh, k.en
    FROM drug d JOIN knowledge_class k ON d.atc_code LIKE k.atc_prefix || '%'
), member AS (
    SELECT f.rxno, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time, c.atc_code, c.drug_genname,
        c.class_id, c.zh, c.en
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    JOIN classed c ON c.med_list_codg = l.med_list_codg WHERE l.in_quarter AND coalesce(f.ext_reason, '') = ''
), allowed AS (
    SELECT DISTINCT a.atc_code AS one, b.atc_code AS other FROM classed a JOIN classed b ON a.class_id = b.class_id
    JOIN knowledge_class_allowed k ON (a.atc_code LIKE k.first_atc || '%' AND b.atc_code LIKE k.second_atc || '%')
        OR (b.atc_code LIKE k.first_atc || '%' AND a.atc_code LIKE k.second_atc || '%')
), pair AS (
    SELECT DISTINCT a.rxno, a.class_id, a.drug_genname AS one, b.drug_genname AS other
    FROM member a JOIN member b ON b.rxno = a.rxno AND b.class_id = a.class_id AND b.atc_code > a.atc_code
    ANTI JOIN allowed k ON k.one = a.atc_code AND k.other = b.atc_code
), drug_of AS (
    SELECT rxno, class_id, one AS drug FROM pair UNION SELECT rxno, class_id, other AS drug FROM pair
), named AS (
    SELECT rxno, class_id, string_agg(drug, '、' ORDER BY drug) AS drugs FROM drug_of GROUP BY rxno, class_id
)
SELECT m.rxno, NULL AS setl_id, min(m.feedetl_sn) AS feedetl_sn, m.psn_no, m.fixmedins_code, m.dr_codg,
    min(m.fee_ocur_time) AS fee_ocur_time, m.rxno AS subject_code, 0 AS amount,
    {'class_zh': m.zh, 'class_en': m.en, 'drugs': n.drugs} AS facts
FROM member m JOIN named n ON n.rxno = m.rxno AND n.class_id = m.class_id
GROUP BY m.rxno, m.psn_no, m.fixmedins_code, m.dr_codg, m.class_id, m.zh, m.en, n.drugs
