-- The person's and the prescriber's prescriptions around a prescription. Grain: rx_row of the frame. Windows
-- count days up to and including the prescription's own; the longest reaches 90 days back, so older ones are only
-- asked for the last day before.
CREATE TABLE stage.rx_near AS
SELECT r.rx_row, r.psn_row, r.dr_row, r.inst_row, r.day, r.second_no, r.in_quarter, r.amount_fen FROM rx r
WHERE r.day >= (SELECT begin_day FROM stage.moment) - 90
UNION ALL
SELECT c.rx_row, c.psn_row, c.dr_row, c.inst_row, c.day, c.second_no, FALSE AS in_quarter, c.amount_fen FROM carried.rx c
WHERE c.day >= (SELECT begin_day FROM stage.moment) - 90;

-- Most persons have one prescription there: what follows is only worked out for the others.
CREATE TABLE stage.person_often AS
SELECT psn_row FROM stage.rx_near GROUP BY psn_row HAVING count(*) > 1;

CREATE TABLE stage.rx_often AS
SELECT n.rx_row, n.psn_row, n.dr_row, n.inst_row, n.day, n.second_no, n.in_quarter, n.amount_fen
FROM stage.rx_near n SEMI JOIN stage.person_often o ON o.psn_row = n.psn_row;

CREATE TABLE stage.rx_older AS
SELECT psn_row, max(day) AS day FROM (
    SELECT psn_row, day FROM rx UNION ALL SELECT psn_row, day FROM carried.rx
) AS every WHERE day < (SELECT begin_day FROM stage.moment) - 90 GROUP BY psn_row;

CREATE TABLE stage.rx_history AS
WITH windowed AS (
    SELECT rx_row, psn_row, day, inst_row, in_quarter,
        count(*) OVER (PARTITION BY psn_row ORDER BY day RANGE BETWEEN 30 PRECEDING AND CURRENT ROW) - 1
            AS person_rx_30d,
        CAST(sum(amount_fen) OVER (PARTITION BY psn_row ORDER BY day RANGE BETWEEN 90 PRECEDING AND CURRENT ROW)
            AS BIGINT) AS person_fen_90d,
        lag(day) OVER (PARTITION BY psn_row ORDER BY day, second_no, rx_row) AS previous_day,
        count(*) OVER (PARTITION BY psn_row, dr_row ORDER BY day RANGE BETWEEN 90 PRECEDING AND CURRENT ROW)
            - 1 AS same_dr_90d
    FROM stage.rx_often
)
SELECT w.rx_row, w.psn_row, w.day, w.inst_row, w.person_rx_30d, w.person_fen_90d,
    w.day - coalesce(w.previous_day, o.day) AS person_gap_days, w.same_dr_90d
FROM windowed w LEFT JOIN stage.rx_older o ON o.psn_row = w.psn_row
WHERE w.in_quarter;

CREATE TABLE stage.person_place AS
SELECT psn_row, day, inst_row, in_quarter, count(*) AS n_rx FROM stage.rx_often
GROUP BY psn_row, day, inst_row, in_quarter;

-- Distinct places and prescribers of the last 90 days, by counting those that appear and those that are gone: one
-- appears on a day when it was not met in the 90 days before (as far as any day of the quarter looks), and is gone on
-- the 91st day after the last. A running sum over these events and the days that are asked for grows with the
-- prescriptions, not with their square. Grain: psn_row, day.
CREATE TABLE stage.person_breadth AS
WITH place AS (
    SELECT psn_row, day, lag(day) OVER w AS earlier, lead(day) OVER w AS later FROM stage.person_place
    WINDOW w AS (PARTITION BY psn_row, inst_row ORDER BY day)
), met AS (
    SELECT psn_row, dr_row, day FROM stage.rx_often GROUP BY psn_row, dr_row, day
), prescriber AS (
    SELECT psn_row, day, lag(day) OVER w AS earlier, lead(day) OVER w AS later FROM met
    WINDOW w AS (PARTITION BY psn_row, dr_row ORDER BY day)
), event AS (
    SELECT psn_row, day, 1 AS places, 0 AS prescribers, 0 AS asked, 0 AS n_rx FROM place
    WHERE earlier IS NULL OR earlier < day - 90
    UNION ALL
    SELECT psn_row, day + 91 AS day, -1 AS places, 0 AS prescribers, 0 AS asked, 0 AS n_rx
    FROM place CROSS JOIN stage.moment m WHERE (later IS NULL OR later > day + 90) AND day + 91 < m.as_of_day
    UNION ALL
    SELECT psn_row, day, 0 AS places, 1 AS prescribers, 0 AS asked, 0 AS n_rx FROM prescriber
    WHERE earlier IS NULL OR earlier < day - 90
    UNION ALL
    SELECT psn_row, day + 91 AS day, 0 AS places, -1 AS prescribers, 0 AS asked, 0 AS n_rx
    FROM prescriber CROSS JOIN stage.moment m WHERE (later IS NULL OR later > day + 90) AND day + 91 < m.as_of_day
    UNION ALL
    SELECT psn_row, day, 0 AS places, 0 AS prescribers, 1 AS asked, n_rx FROM stage.person_place WHERE in_quarter
), daily AS (
    SELECT psn_row, day, sum(places) AS places, sum(prescribers) AS prescribers, sum(asked) AS asked, sum(n_rx) AS n_rx
    FROM event GROUP BY psn_row, day
), running AS (
    SELECT psn_row, day, asked, n_rx, sum(places) OVER w AS places, sum(prescribers) OVER w AS prescribers FROM daily
    WINDOW w AS (PARTITION BY psn_row ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT psn_row, day, CAST(places AS INTEGER) AS institutions_90d, CAST(prescribers AS INTEGER) AS prescribers_90d,
    CAST(asked AS INTEGER) AS institutions_day, CAST(n_rx - 1 AS INTEGER) AS person_rx_day
FROM running WHERE asked > 0;

CREATE TABLE stage.rx_person_history AS
SELECT h.rx_row, h.person_rx_30d, h.person_fen_90d, h.person_gap_days, h.same_dr_90d, b.person_rx_day,
    p.n_rx - 1 AS same_place_day, b.institutions_90d, b.prescribers_90d, b.institutions_day
FROM stage.rx_history h
JOIN stage.person_breadth b ON b.psn_row = h.psn_row AND b.day = h.day
JOIN stage.person_place p ON p.psn_row = h.psn_row AND p.day = h.day AND p.inst_row = h.inst_row
UNION ALL
SELECT n.rx_row, 0 AS person_rx_30d, n.amount_fen AS person_fen_90d, n.day - o.day AS person_gap_days, 0 AS same_dr_90d,
    0 AS person_rx_day, 0 AS same_place_day, 1 AS institutions_90d, 1 AS prescribers_90d, 1 AS institutions_day
FROM stage.rx_near n
ANTI JOIN stage.person_often m ON m.psn_row = n.psn_row
LEFT JOIN stage.rx_older o ON o.psn_row = n.psn_row
WHERE n.in_quarter;

-- The prescriber's rhythm in the quarter. Seconds since the prescriber's previous prescription of the day.
CREATE TABLE stage.rx_rhythm AS
WITH hourly AS (
    SELECT dr_row, day, hour_no, count(*) AS n FROM rx WHERE in_quarter GROUP BY dr_row, day, hour_no
), daily AS (
    SELECT dr_row, day, CAST(sum(n) AS BIGINT) AS n FROM hourly GROUP BY dr_row, day
), alike AS (
    SELECT dr_row, amount_fen, count(*) AS n FROM rx WHERE in_quarter GROUP BY dr_row, amount_fen
), ordered AS (
    SELECT rx_row, dr_row, day, hour_no, amount_fen,
        second_no - lag(second_no) OVER (PARTITION BY dr_row, day ORDER BY second_no, rx_row) AS since_previous
    FROM rx WHERE in_quarter
)
SELECT o.rx_row, o.since_previous, d.n AS dr_day, h.n AS dr_hour, a.n - 1 AS dr_same_amount
FROM ordered o
JOIN daily d ON d.dr_row = o.dr_row AND d.day = o.day
JOIN hourly h ON h.dr_row = o.dr_row AND h.day = o.day AND h.hour_no = o.hour_no
JOIN alike a ON a.dr_row = o.dr_row AND a.amount_fen = o.amount_fen;
