-- Two persons settled at one institution within minutes, on several days of the quarter. Each settlement is set beside
-- the four before it: enough for persons who come together, and no join of a busy place with itself.
WITH standing AS (
    SELECT s.setl_row, s.psn_row, s.inst_row, t.setl_time, s.second_no // 60 AS minute_no
    FROM setl s JOIN settlement t ON t.setl_row = s.setl_row
    SEMI JOIN (SELECT setl_row FROM net WHERE in_quarter) q ON q.setl_row = s.setl_row
    WHERE NOT s.med_type LIKE '2%'
), beside AS (
    SELECT psn_row, inst_row, setl_time, minute_no,
        lag(psn_row, 1) OVER w AS p1, lag(minute_no, 1) OVER w AS m1, lag(psn_row, 2) OVER w AS p2, lag(minute_no, 2) OVER w AS m2,
        lag(psn_row, 3) OVER w AS p3, lag(minute_no, 3) OVER w AS m3, lag(psn_row, 4) OVER w AS p4, lag(minute_no, 4) OVER w AS m4
    FROM standing WINDOW w AS (PARTITION BY inst_row ORDER BY setl_time, setl_row)
), met AS (
    SELECT inst_row, psn_row, p1 AS other, setl_time, minute_no - m1 AS apart FROM beside WHERE p1 <> psn_row
    UNION ALL SELECT inst_row, psn_row, p2 AS other, setl_time, minute_no - m2 AS apart FROM beside WHERE p2 <> psn_row
    UNION ALL SELECT inst_row, psn_row, p3 AS other, setl_time, minute_no - m3 AS apart FROM beside WHERE p3 <> psn_row
    UNION ALL SELECT inst_row, psn_row, p4 AS other, setl_time, minute_no - m4 AS apart FROM beside WHERE p4 <> psn_row
), pair AS (
    SELECT inst_row, least(psn_row, other) AS one, greatest(psn_row, other) AS two, count(DISTINCT setl_time::DATE) AS days,
        max(setl_time) AS last_time
    FROM met WHERE apart <= limit_of('person-covisit', 'most_minutes', setl_time)
    GROUP BY inst_row, least(psn_row, other), greatest(psn_row, other)
), often AS (
    SELECT * FROM pair WHERE days >= limit_of('person-covisit', 'least_days', last_time)
), person_side AS (
    SELECT one AS psn_row, two AS other, inst_row, days, last_time FROM often
    UNION ALL SELECT two AS psn_row, one AS other, inst_row, days, last_time FROM often
), beside_person AS (
    SELECT psn_row, other, max(days) AS days, max(last_time) AS last_time, min(i.fixmedins_code) AS fixmedins_code
    FROM person_side s JOIN institution i ON i.inst_row = s.inst_row
    GROUP BY psn_row, other
)
-- With whom is what makes persons a group; lists and screens show no evidence of a person's finding.
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, p.psn_no, min(fixmedins_code) AS fixmedins_code, NULL AS dr_codg,
    max(last_time) AS fee_ocur_time, p.psn_no AS subject_code, 0 AS amount,
    {'others': count(*)::INTEGER, 'days': max(days)::INTEGER,
     'minutes': max(limit_of('person-covisit', 'most_minutes', last_time))::INTEGER,
     'persons': string_agg(o.psn_no, ' ' ORDER BY o.psn_no)} AS facts
FROM beside_person b JOIN person p ON p.psn_row = b.psn_row JOIN person o ON o.psn_row = b.other
GROUP BY p.psn_no
