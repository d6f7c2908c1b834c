-- Persons who come together: two who are settled at one institution within ten minutes, at most eight places
-- apart in its sequence (so the work grows with the visits, not their square), on three or more days.
CREATE TABLE stage.arrival AS
SELECT fixmedins_code, day, psn_no, second_no,
    row_number() OVER (PARTITION BY fixmedins_code, day ORDER BY second_no, psn_no) AS place
FROM (
    SELECT fixmedins_code, day, psn_no, min(second_no) AS second_no
    FROM stage.visit WHERE NOT inpatient GROUP BY fixmedins_code, day, psn_no
) AS first_arrival;

CREATE TABLE stage.meeting AS
SELECT a.fixmedins_code, a.day, least(a.psn_no, b.psn_no) AS one, greatest(a.psn_no, b.psn_no) AS other
FROM stage.arrival a
CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS k(step)
JOIN stage.arrival b ON b.fixmedins_code = a.fixmedins_code AND b.day = a.day AND b.place = a.place + k.step
WHERE b.second_no - a.second_no <= 600;

CREATE TABLE stage.companion AS
SELECT fixmedins_code, one, other, count(*) AS days
FROM stage.meeting GROUP BY fixmedins_code, one, other HAVING count(*) >= 3;

-- Grain: fixmedins_code, day, psn_no: how many companions were there.
CREATE TABLE stage.accompanied AS
SELECT m.fixmedins_code, m.day, w.psn_no, CAST(count(*) AS INTEGER) AS companions,
    CAST(max(c.days) AS INTEGER) AS days_together
FROM stage.meeting m
JOIN stage.companion c ON c.fixmedins_code = m.fixmedins_code AND c.one = m.one AND c.other = m.other
JOIN (SELECT fixmedins_code, one, other, one AS psn_no FROM stage.companion
      UNION ALL SELECT fixmedins_code, one, other, other AS psn_no FROM stage.companion) w
    ON w.fixmedins_code = m.fixmedins_code AND w.one = m.one AND w.other = m.other
GROUP BY m.fixmedins_code, m.day, w.psn_no;

CREATE TABLE stage.rx_companions AS
SELECT r.rxno, max(a.companions) AS companions, max(a.days_together) AS days_together
FROM stage.rx r
JOIN stage.accompanied a ON a.fixmedins_code = r.fixmedins_code AND a.day = r.day AND a.psn_no = r.psn_no
WHERE r.in_quarter GROUP BY r.rxno;
