-- Supplies of persons in classes of which one substance is usual (intermediate: supply intervals of persons by class),
-- still running when another substance of the class is given on another prescription. Pairs that the table of
-- allowed pairs names are lawful together; a change of drug may overlap by some days.
WITH member AS (
    SELECT d.med_list_codg, d.drug_genname, coalesce(d.atc_code, d.drug_genname) AS substance, k.class_id, k.zh, k.en
    FROM drug d JOIN knowledge_class k ON d.atc_code LIKE k.atc_prefix || '%'
), allowed AS (
    SELECT DISTINCT a.substance AS one, b.substance AS other FROM member a JOIN member b ON a.class_id = b.class_id
    JOIN knowledge_class_allowed k ON a.substance LIKE k.first_atc || '%' AND b.substance LIKE k.second_atc || '%'
), given AS (
    SELECT n.psn_row, m.class_id, m.zh, m.en, m.substance, m.drug_genname, n.fee_row, n.rxno, n.feedetl_sn, n.in_quarter, n.day,
        n.day + n.days_written AS ends
    FROM history_line n JOIN member m ON m.med_list_codg = n.hilist_code
    WHERE n.days_written > 0 AND n.rxno IS NOT NULL AND NOT n.in_stay
), met AS (
    SELECT a.fee_row, max(least(b.ends, a.ends) - a.day) AS days, max(b.drug_genname) AS other_drug
    FROM given a JOIN given b ON b.psn_row = a.psn_row AND b.class_id = a.class_id
        AND b.substance <> a.substance AND b.rxno <> a.rxno AND b.day <= a.day AND b.ends > a.day
    LEFT JOIN allowed k ON (k.one = a.substance AND k.other = b.substance) OR (k.one = b.substance AND k.other = a.substance)
    WHERE a.in_quarter AND k.one IS NULL AND (b.day < a.day OR b.feedetl_sn < a.feedetl_sn)
    GROUP BY a.fee_row
)
SELECT n.rxno, NULL AS setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    n.rxno AS subject_code, n.stake_amt AS amount,
    {'class_zh': min(g.zh), 'class_en': min(g.en), 'drug': g.drug_genname, 'other': m.other_drug, 'days': m.days} AS facts
FROM given g JOIN met m ON m.fee_row = g.fee_row JOIN net_line n ON n.fee_row = g.fee_row
WHERE m.days > limit_of('person-duplicate', 'most_days_together', n.fee_ocur_time)
GROUP BY n.rxno, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt, g.drug_genname,
    m.other_drug, m.days
