-- As rx-interaction, between prescriptions: the first supply still runs when the second is given.
WITH first AS (
    SELECT d.med_list_codg, d.drug_genname, k.pair_id, k.effect_zh, k.effect_en, 1 AS side
    FROM drug d JOIN knowledge_interaction k ON d.atc_code LIKE k.first_atc || '%'
    UNION ALL
    SELECT d.med_list_codg, d.drug_genname, k.pair_id, k.effect_zh, k.effect_en, 2 AS side
    FROM drug d JOIN knowledge_interaction k ON d.atc_code LIKE k.second_atc || '%'
), given AS (
    SELECT n.psn_no, f.pair_id, f.side, f.effect_zh, f.effect_en, f.drug_genname, n.rxno, n.feedetl_sn, n.fixmedins_code,
        n.bilg_dr_codg, n.fee_ocur_time, n.in_quarter, n.day, n.day + ceil(n.prd_days)::INTEGER AS ends
    FROM net_line n JOIN first f ON f.med_list_codg = n.hilist_code
    WHERE n.prd_days > 0 AND n.rxno IS NOT NULL AND NOT n.med_type LIKE '2%'
), met AS (
    SELECT a.rxno, a.feedetl_sn, a.psn_no, a.fixmedins_code, a.bilg_dr_codg, a.fee_ocur_time, a.drug_genname, a.pair_id,
        a.effect_zh, a.effect_en, max(b.drug_genname) AS other_drug, max(least(a.ends, b.ends) - a.day) AS days
    FROM given a JOIN given b ON b.psn_no = a.psn_no AND b.pair_id = a.pair_id AND b.side <> a.side AND b.rxno <> a.rxno
        AND b.day <= a.day AND b.ends > a.day
    WHERE a.in_quarter AND (b.day < a.day OR b.feedetl_sn < a.feedetl_sn)
    GROUP BY a.rxno, a.feedetl_sn, a.psn_no, a.fixmedins_code, a.bilg_dr_codg, a.fee_ocur_time, a.drug_genname, a.pair_id,
        a.effect_zh, a.effect_en
)
SELECT rxno, NULL AS setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    rxno AS subject_code, 0 AS amount,
    {'drug': drug_genname, 'other': other_drug, 'days': days, 'effect_zh': effect_zh, 'effect_en': effect_en} AS facts
FROM met
