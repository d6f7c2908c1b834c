WITH first AS (
    SELECT d.med_list_codg, d.drug_genname, k.pair_id, k.effect_zh, k.effect_en
    FROM drug d JOIN knowledge_interaction k ON d.atc_code LIKE k.first_atc || '%'
), second AS (
    SELECT d.med_list_codg, d.drug_genname, k.pair_id FROM drug d JOIN knowledge_interaction k ON d.atc_code LIKE k.second_atc || '%'
)
SELECT f.rxno, NULL AS setl_id, min(a.feedetl_sn) AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    min(a.fee_ocur_time) AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'first': x.drug_genname, 'second': y.drug_genname, 'effect_zh': x.effect_zh, 'effect_en': x.effect_en} AS facts
FROM rx_line a JOIN first x ON x.med_list_codg = a.med_list_codg
JOIN rx_line b ON b.rx_row = a.rx_row JOIN second y ON y.med_list_codg = b.med_list_codg AND y.pair_id = x.pair_id
JOIN frame f ON f.rx_row = a.rx_row
WHERE a.in_quarter AND b.in_quarter AND a.med_list_codg <> b.med_list_codg
GROUP BY f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, x.pair_id, x.drug_genname, y.drug_genname, x.effect_zh, x.effect_en
