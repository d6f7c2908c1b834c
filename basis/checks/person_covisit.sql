-- Two persons settled at one institution within minutes, on several days of the quarter. Each settlement is set beside
-- the four before it: enough for persons who come together, and no join of a busy place with itself.
WITH standing AS (
    SELECT setl_id, psn_no, fixmedins_code, max(setl_time) AS setl_time FROM net_line
    WHERE in_quarter AND NOT med_type LIKE '2%' GROUP BY setl_id, psn_no, fixmedins_code
), timed AS (
    SELECT *, (setl_time::DATE - DATE '1970-01-01')::BIGINT * 1440 + hour(setl_time) * 60 + minute(setl_time) AS minute_no
    FROM standing
), beside AS (
    SELECT psn_no, fixmedins_code, setl_time, minute_no,
        lag(psn_no, 1) OVER w AS p1, lag(minute_no, 1) OVER w AS m1, lag(psn_no, 2) OVER w AS p2, lag(minute_no, 2) OVER w AS m2,
        lag(psn_no, 3) OVER w AS p3, lag(minute_no, 3) OVER w AS m3, lag(psn_no, 4) OVER w AS p4, lag(minute_no, 4) OVER w AS m4
    FROM timed WINDOW w AS (PARTITION BY fixmedins_code ORDER BY setl_time, setl_id)
), met AS (
    SELECT fixmedins_code, psn_no, p1 AS other, setl_time, minute_no - m1 AS apart FROM beside WHERE p1 <> psn_no
    UNION ALL SELECT fixmedins_code, psn_no, p2 AS other, setl_time, minute_no - m2 AS apart FROM beside WHERE p2 <> psn_no
    UNION ALL SELECT fixmedins_code, psn_no, p3 AS other, setl_time, minute_no - m3 AS apart FROM beside WHERE p3 <> psn_no
    UNION ALL SELECT fixmedins_code, psn_no, p4 AS other, setl_time, minute_no - m4 AS apart FROM beside WHERE p4 <> psn_no
), pair AS (
    SELECT fixmedins_code, least(psn_no, other) AS one, greatest(psn_no, other) AS two, count(DISTINCT setl_time::DATE) AS days,
        max(setl_time) AS last_time
    FROM met WHERE apart <= limit_of('person-covisit', 'most_minutes', setl_time)
    GROUP BY fixmedins_code, least(psn_no, other), greatest(psn_no, other)
), often AS (
    SELECT * FROM pair WHERE days >= limit_of('person-covisit', 'least_days', last_time)
), person_side AS (
    SELECT one AS psn_no, two AS other, fixmedins_code, days, last_time FROM often
    UNION ALL SELECT two AS psn_no, one AS other, fixmedins_code, days, last_time FROM often
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, psn_no, min(fixmedins_code) AS fixmedins_code, NULL AS dr_codg,
    max(last_time) AS fee_ocur_time, psn_no AS subject_code, 0 AS amount,
    {'others': count(DISTINCT other)::INTEGER, 'days': max(days)::INTEGER,
     'minutes': max(limit_of('person-covisit', 'most_minutes', last_time))::INTEGER} AS facts
FROM person_side GROUP BY psn_no
