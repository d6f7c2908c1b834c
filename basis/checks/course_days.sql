-- Days of a course in a calendar year: each day once, however many lines supply it (intermediate: supply intervals
-- of persons). A supply counts in the year in which it begins. Days as written, else as the quantity lasts; a line
-- without either uses none and is counted as unknown.
WITH meant AS (
    SELECT d.med_list_codg, d.drug_genname, k.course_id, k.zh, k.most_days::INTEGER AS most
    FROM drug d JOIN knowledge_course k ON d.atc_code LIKE k.atc_prefix || '%'
), person_of AS (
    SELECT DISTINCT n.psn_row FROM history_line n SEMI JOIN meant m ON m.med_list_codg = n.hilist_code WHERE n.in_quarter
), given AS (
    SELECT n.fee_row, n.feedetl_sn, n.psn_row, n.in_quarter, n.day, m.drug_genname, m.course_id, m.zh, m.most, year(n.fee_ocur_time) AS in_year,
        coalesce(n.days_written, n.days_lasting) AS days
    FROM history_line n JOIN meant m ON m.med_list_codg = n.hilist_code
    SEMI JOIN person_of p ON p.psn_row = n.psn_row
    WHERE NOT n.self_paid AND NOT n.approved
), fresh AS (
    SELECT *, greatest(0, day + coalesce(days, 0) - greatest(day, coalesce(max(day + coalesce(days, 0)) OVER (
        PARTITION BY psn_row, course_id ORDER BY day, feedetl_sn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), day))) AS added
    FROM given
), used AS (
    SELECT *, sum(added) OVER so_far AS total, count(*) OVER so_far - count(days) OVER so_far AS unknown
    FROM fresh
    WINDOW so_far AS (PARTITION BY psn_row, course_id, in_year ORDER BY day, feedetl_sn
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    coalesce(n.rxno, n.feedetl_sn) AS subject_code,
    ((2 * (n.stake_amt * 100)::BIGINT * least(u.days, u.total - u.most) + u.days) // (2 * u.days))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': u.drug_genname, 'course': u.zh, 'days': u.total::INTEGER, 'limit': u.most, 'unknown': u.unknown::INTEGER} AS facts
FROM used u JOIN net_line n ON n.fee_row = u.fee_row WHERE u.in_quarter AND u.total > u.most AND u.added > 0
