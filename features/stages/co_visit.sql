-- Persons who come together: two who are settled at one institution within ten minutes, at most eight places
-- apart in its sequence (so the work grows with the visits, not their square), on three or more days. Whoever
-- was there on fewer days than that is no companion of anybody, and is left out once the places are given.
CREATE TABLE stage.arrival AS
WITH first_arrival AS (
    SELECT inst_row, day, psn_row, min(second_no) AS second_no
    FROM stage.visit WHERE NOT inpatient GROUP BY inst_row, day, psn_row
), regular AS (
    SELECT inst_row, psn_row FROM first_arrival GROUP BY inst_row, psn_row HAVING count(*) >= 3
), placed AS (
    SELECT inst_row, day, psn_row, second_no,
        row_number() OVER (PARTITION BY inst_row, day ORDER BY second_no, psn_row) AS place
    FROM first_arrival
)
SELECT p.inst_row, p.day, p.psn_row, p.second_no, p.place
FROM placed p SEMI JOIN regular r ON r.inst_row = p.inst_row AND r.psn_row = p.psn_row;

CREATE TABLE stage.meeting AS
SELECT a.inst_row, a.day, least(a.psn_row, b.psn_row) AS one, greatest(a.psn_row, b.psn_row) AS other
FROM stage.arrival a
CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) AS k(step)
JOIN stage.arrival b ON b.inst_row = a.inst_row AND b.day = a.day AND b.place = a.place + k.step
WHERE b.second_no - a.second_no <= 600;

CREATE TABLE stage.companion AS
SELECT inst_row, one, other, count(*) AS days
FROM stage.meeting GROUP BY inst_row, one, other HAVING count(*) >= 3;

-- Grain: inst_row, day, psn_row: how many companions were there.
CREATE TABLE stage.accompanied AS
SELECT m.inst_row, m.day, w.psn_row, CAST(count(*) AS INTEGER) AS companions,
    CAST(max(c.days) AS INTEGER) AS days_together
FROM stage.meeting m
JOIN stage.companion c ON c.inst_row = m.inst_row AND c.one = m.one AND c.other = m.other
JOIN (SELECT inst_row, one, other, one AS psn_row FROM stage.companion
      UNION ALL SELECT inst_row, one, other, other AS psn_row FROM stage.companion) w
    ON w.inst_row = m.inst_row AND w.one = m.one AND w.other = m.other
GROUP BY m.inst_row, m.day, w.psn_row;

CREATE TABLE stage.rx_companions AS
SELECT r.rx_row, max(a.companions) AS companions, max(a.days_together) AS days_together
FROM rx r
JOIN stage.accompanied a ON a.inst_row = r.inst_row AND a.day = r.day AND a.psn_row = r.psn_row
WHERE r.in_quarter GROUP BY r.rx_row;
