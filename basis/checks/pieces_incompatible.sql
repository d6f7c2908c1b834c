-- Several names of a piece stand in one cell, and what contains such a name but is another piece in except_names
-- (白附子 is no 附子).
WITH piece AS (
    SELECT med_list_codg, drug_genname FROM drug WHERE drug_kind = '13'
), first AS (
    SELECT p.med_list_codg, p.drug_genname, k.pair_id, k.source FROM piece p JOIN knowledge_incompatible k
        ON regexp_matches(p.drug_genname, replace(k.first_name, ' ', '|'))
        AND (k.except_names IS NULL OR NOT regexp_matches(p.drug_genname, replace(k.except_names, ' ', '|')))
), second AS (
    SELECT p.med_list_codg, p.drug_genname, k.pair_id FROM piece p JOIN knowledge_incompatible k
        ON regexp_matches(p.drug_genname, replace(k.second_name, ' ', '|'))
        AND (k.except_names IS NULL OR NOT regexp_matches(p.drug_genname, replace(k.except_names, ' ', '|')))
)
SELECT f.rxno, NULL AS setl_id, min(a.feedetl_sn) AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    min(a.fee_ocur_time) AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'first': x.drug_genname, 'second': y.drug_genname, 'rule': x.source} AS facts
FROM rx_line a JOIN first x ON x.med_list_codg = a.med_list_codg
JOIN rx_line b ON b.rx_row = a.rx_row JOIN second y ON y.med_list_codg = b.med_list_codg AND y.pair_id = x.pair_id
JOIN frame f ON f.rxno = a.rxno
WHERE a.in_quarter AND b.in_quarter AND a.list_type = '102' AND b.list_type = '102' AND coalesce(f.ext_reason, '') = ''
GROUP BY f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, x.pair_id, x.drug_genname, y.drug_genname, x.source
