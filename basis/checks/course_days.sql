-- Days of a course in a calendar year: each day once, however many lines supply it (intermediate: supply intervals
-- of persons). A supply counts in the year in which it begins. Days as written, else as the quantity lasts; a line
-- without either uses none and is counted as unknown.
WITH meant AS (
    SELECT d.med_list_codg, d.drug_genname, d.strength, d.strength_unit, d.units_per_pack, k.course_id, k.zh,
        k.most_days::INTEGER AS most
    FROM drug d JOIN knowledge_course k ON d.atc_code LIKE k.atc_prefix || '%'
), person_of AS (
    SELECT DISTINCT n.psn_no FROM net_line n SEMI JOIN meant m ON m.med_list_codg = n.hilist_code WHERE n.in_quarter
), given AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt,
        n.in_quarter, n.day, m.drug_genname, m.course_id, m.zh, m.most, year(n.fee_ocur_time) AS in_year,
        coalesce(ceil(n.prd_days), floor(n.net_cnt::DOUBLE * m.units_per_pack::DOUBLE * m.strength::DOUBLE / nullif(
            single_dose(n.sin_doscnt, u.kind, u.factor, m.strength::DOUBLE, s.kind, s.factor) * q.per_day::DOUBLE, 0)
            + 0.000001))::INTEGER AS days
    FROM net_line n JOIN meant m ON m.med_list_codg = n.hilist_code
    SEMI JOIN person_of p ON p.psn_no = n.psn_no
    LEFT JOIN dose_unit u ON u.unit = lower(trim(n.sin_dosunt))
    LEFT JOIN dose_unit s ON s.unit = lower(trim(m.strength_unit))
    LEFT JOIN frequency q ON q.used_frqu_codg = n.used_frqu_codg
    WHERE coalesce(n.chrgitm_lv, '') <> '03' AND coalesce(n.hosp_appr_flag, '0') <> '1'
), fresh AS (
    SELECT *, greatest(0, day + coalesce(days, 0) - greatest(day, coalesce(max(day + coalesce(days, 0)) OVER (
        PARTITION BY psn_no, course_id ORDER BY day, feedetl_sn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), day))) AS added
    FROM given
), used AS (
    SELECT *, sum(added) OVER so_far AS total, count(*) OVER so_far - count(days) OVER so_far AS unknown,
        (stake_amt * 100)::BIGINT AS stake_fen
    FROM fresh
    WINDOW so_far AS (PARTITION BY psn_no, course_id, in_year ORDER BY day, feedetl_sn
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    coalesce(rxno, feedetl_sn) AS subject_code,
    ((2 * stake_fen * least(days, total - most) + days) // (2 * days))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': drug_genname, 'course': zh, 'days': total::INTEGER, 'limit': most, 'unknown': unknown::INTEGER} AS facts
FROM used WHERE in_quarter AND total > most AND added > 0
