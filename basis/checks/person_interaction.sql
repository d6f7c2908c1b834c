-- As rx-interaction, between prescriptions: the first supply still runs when the second is given.
WITH first AS (
    SELECT d.med_list_codg, d.drug_genname, k.pair_id, k.effect_zh, k.effect_en, 1 AS side
    FROM drug d JOIN knowledge_interaction k ON d.atc_code LIKE k.first_atc || '%'
    UNION ALL
    SELECT d.med_list_codg, d.drug_genname, k.pair_id, k.effect_zh, k.effect_en, 2 AS side
    FROM drug d JOIN knowledge_interaction k ON d.atc_code LIKE k.second_atc || '%'
), given AS (
    SELECT n.psn_row, f.pair_id, f.side, f.effect_zh, f.effect_en, f.drug_genname, n.fee_row, n.rxno, n.feedetl_sn,
        n.in_quarter, n.day, n.day + n.days_written AS ends
    FROM history_line n JOIN first f ON f.med_list_codg = n.hilist_code
    WHERE n.days_written > 0 AND n.rxno IS NOT NULL AND NOT n.in_stay
), met AS (
    SELECT a.fee_row, a.drug_genname, a.pair_id, a.effect_zh, a.effect_en, max(b.drug_genname) AS other_drug, max(least(a.ends, b.ends) - a.day) AS days
    FROM given a JOIN given b ON b.psn_row = a.psn_row AND b.pair_id = a.pair_id AND b.side <> a.side AND b.rxno <> a.rxno
        AND b.day <= a.day AND b.ends > a.day
    WHERE a.in_quarter AND (b.day < a.day OR b.feedetl_sn < a.feedetl_sn)
    GROUP BY a.fee_row, a.drug_genname, a.pair_id, a.effect_zh, a.effect_en
)
SELECT n.rxno, NULL AS setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    n.rxno AS subject_code, 0 AS amount,
    {'drug': m.drug_genname, 'other': m.other_drug, 'days': m.days, 'effect_zh': m.effect_zh, 'effect_en': m.effect_en} AS facts
FROM met m JOIN net_line n ON n.fee_row = m.fee_row
