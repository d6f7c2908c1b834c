-- The person's and the prescriber's prescriptions around a prescription. Grain: rxno of the frame. Windows
-- count days up to and including the prescription's own.
CREATE TABLE stage.rx_history AS
WITH windowed AS (
    SELECT rxno, psn_no, day, dr_codg, fixmedins_code, in_quarter,
        count(*) OVER month_back - 1 AS person_rx_30d,
        CAST(sum(amount_fen) OVER quarter_back AS BIGINT) AS person_fen_90d,
        day - max(day) OVER (PARTITION BY psn_no ORDER BY day, second_no, rxno
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS person_gap_days,
        count(*) OVER (PARTITION BY psn_no, dr_codg ORDER BY day RANGE BETWEEN 90 PRECEDING AND CURRENT ROW)
            - 1 AS same_dr_90d,
        count(*) OVER (PARTITION BY psn_no, day) - 1 AS person_rx_day,
        count(*) OVER (PARTITION BY psn_no, day, fixmedins_code) - 1 AS same_place_day
    FROM stage.rx
    WINDOW month_back AS (PARTITION BY psn_no ORDER BY day RANGE BETWEEN 30 PRECEDING AND CURRENT ROW),
        quarter_back AS (PARTITION BY psn_no ORDER BY day RANGE BETWEEN 90 PRECEDING AND CURRENT ROW)
)
SELECT * FROM windowed WHERE in_quarter;

-- Distinct places and prescribers of the last 90 days: a join by bands of 91 days, so that a person with
-- thousands of prescriptions meets only the band's distinct days. Grain: psn_no, day.
CREATE TABLE stage.person_breadth AS
WITH wanted AS (
    SELECT DISTINCT psn_no, day FROM stage.rx WHERE in_quarter
), banded AS (
    SELECT psn_no, day, day // 91 AS band FROM wanted
    UNION ALL
    SELECT psn_no, day, day // 91 - 1 AS band FROM wanted
), met AS (
    SELECT DISTINCT psn_no, day, day // 91 AS band, fixmedins_code, dr_codg FROM stage.rx
)
SELECT w.psn_no, w.day, CAST(count(DISTINCT m.fixmedins_code) AS INTEGER) AS institutions_90d,
    CAST(count(DISTINCT m.dr_codg) AS INTEGER) AS prescribers_90d,
    CAST(count(DISTINCT CASE WHEN m.day = w.day THEN m.fixmedins_code END) AS INTEGER) AS institutions_day
FROM banded w
JOIN met m ON m.psn_no = w.psn_no AND m.band = w.band AND m.day BETWEEN w.day - 90 AND w.day
GROUP BY w.psn_no, w.day;

CREATE TABLE stage.rx_person_history AS
SELECT h.rxno, h.person_rx_30d, h.person_fen_90d, h.person_gap_days, h.same_dr_90d, h.person_rx_day,
    h.same_place_day, b.institutions_90d, b.prescribers_90d, b.institutions_day
FROM stage.rx_history h
JOIN stage.person_breadth b ON b.psn_no = h.psn_no AND b.day = h.day;

-- The prescriber's rhythm in the quarter. Seconds since the prescriber's previous prescription of the day.
CREATE TABLE stage.rx_rhythm AS
SELECT rxno, dr_codg, day, amount_fen,
    second_no - lag(second_no) OVER (PARTITION BY dr_codg, day ORDER BY second_no, rxno) AS since_previous,
    count(*) OVER (PARTITION BY dr_codg, day) AS dr_day,
    count(*) OVER (PARTITION BY dr_codg, day, hour_no) AS dr_hour,
    count(*) OVER (PARTITION BY dr_codg, amount_fen) - 1 AS dr_same_amount
FROM stage.rx WHERE in_quarter;
