-- Stays of the main disease's three characters one soon after another at one institution. Courses that come in
-- stays (cancer, dialysis, mental illness, chemotherapy) are excepted.
WITH stay AS (
    SELECT mdtrt_id, psn_no, fixmedins_code, min(began) AS began, max(ended) AS ended
    FROM history_stay GROUP BY mdtrt_id, psn_no, fixmedins_code
), chained AS (
    SELECT s.*, i.main, lag(s.ended) OVER w AS before_ended, lag(i.main) OVER w AS before_main
    FROM stay s JOIN stay_disease i ON i.mdtrt_id = s.mdtrt_id
    WINDOW w AS (PARTITION BY s.psn_no, s.fixmedins_code ORDER BY s.began, s.mdtrt_id)
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, psn_no, fixmedins_code, NULL AS dr_codg, ended AS fee_ocur_time,
    fixmedins_code AS subject_code, 0 AS amount,
    {'days': (began::DATE - before_ended::DATE)::INTEGER, 'disease': main, 'ended': before_ended::DATE::VARCHAR,
     'began': began::DATE::VARCHAR} AS facts
FROM chained
WHERE main = before_main AND NOT regexp_matches(main, '^(C|D0|N18|F2|Z51|Z49)')
    AND (began::DATE - before_ended::DATE) BETWEEN 0 AND limit_of('stay-split', 'most_days_apart', began)
