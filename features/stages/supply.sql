-- Supplies to take home, of one substance to one person. Grain: psn_row, substance, and what it was given on: a
-- prescription, or a line bought without one. Orders on a ward are no supply. Whole days; a part of a day
-- counts as one.
CREATE TABLE stage.taken AS
SELECT psn_row, substance, count(rx_row) AS on_rx, count(*) AS n, min(rx_row) AS rx_row, max(rx_row) AS last_rx,
    min(fee_row) AS fee_row, min(day) AS day, CAST(ceil(max(prd_days)) AS INTEGER) AS days, bool_or(in_quarter) AS in_quarter
FROM stage.line
WHERE NOT piece AND prd_days > 0 AND fee_row IS NOT NULL AND NOT ward
GROUP BY psn_row, substance;

-- Supplies of the months before, in the same numbers.
CREATE TABLE stage.taken_before AS
SELECT c.psn_row, m.substance, c.day, c.days
FROM carried.supply c JOIN (SELECT DISTINCT substance_name, substance FROM stage.medicine) m ON m.substance_name = c.substance_name;

-- Most substances are given once to a person: nothing went before those. The others by time.
CREATE TABLE stage.often AS
SELECT psn_row, substance FROM stage.taken WHERE n > 1 AND NOT (on_rx = n AND rx_row = last_rx)
UNION
SELECT t.psn_row, t.substance
FROM stage.taken t SEMI JOIN stage.taken_before b ON b.psn_row = t.psn_row AND b.substance = t.substance
UNION
SELECT psn_row, substance FROM stage.taken_before GROUP BY psn_row, substance HAVING count(*) > 1;

CREATE TABLE stage.supply AS
WITH given AS (
    SELECT l.psn_row, l.substance, l.rx_row, CASE WHEN l.rx_row IS NULL THEN l.fee_row END AS bought_row,
        min(l.day) AS day, min(l.second_no) AS second_no, bool_or(l.in_quarter) AS in_quarter,
        CAST(ceil(max(l.prd_days)) AS INTEGER) AS days
    FROM stage.line l SEMI JOIN stage.often o ON o.psn_row = l.psn_row AND o.substance = l.substance
    WHERE NOT l.piece AND l.prd_days > 0 AND l.fee_row IS NOT NULL AND NOT l.ward
    GROUP BY l.psn_row, l.substance, l.rx_row, CASE WHEN l.rx_row IS NULL THEN l.fee_row END
    UNION ALL
    -- Their order within a day changes nothing: all are over before the quarter begins.
    SELECT b.psn_row, b.substance, NULL AS rx_row, NULL AS bought_row, b.day, 0 AS second_no, FALSE AS in_quarter, b.days
    FROM stage.taken_before b SEMI JOIN stage.often o ON o.psn_row = b.psn_row AND o.substance = b.substance
), before AS (
    SELECT *,
        max(day + days) OVER earlier AS prior_end,
        max(day) OVER earlier AS prior_day,
        coalesce(sum(days) OVER earlier, 0) AS days_before,
        count(*) OVER (PARTITION BY psn_row, substance ORDER BY day RANGE BETWEEN 30 PRECEDING AND CURRENT ROW)
            - 1 AS others_30d
    FROM given
    WINDOW earlier AS (PARTITION BY psn_row, substance
        ORDER BY day, second_no, bought_row NULLS LAST, rx_row NULLS LAST
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
-- In hand at a supply = the largest, over earlier supplies j, of day_j + all days given from j on, less today.
SELECT psn_row, substance, rx_row, bought_row, day, days, in_quarter,
    CAST(days_before AS INTEGER) AS days_before, CAST(others_30d AS INTEGER) AS others_30d,
    day - prior_day AS gap_days,
    greatest(0, least(coalesce(prior_end, day), day + days) - day) AS overlap_days,
    CAST(greatest(0, coalesce(max(day - days_before) OVER earlier, day - days_before) + days_before - day)
        AS INTEGER) AS in_hand_days
FROM before
WINDOW earlier AS (PARTITION BY psn_row, substance
    ORDER BY day, second_no, bought_row NULLS LAST, rx_row NULLS LAST
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
UNION ALL
SELECT t.psn_row, t.substance, t.rx_row, CASE WHEN t.rx_row IS NULL THEN t.fee_row END AS bought_row, t.day, t.days, t.in_quarter,
    0 AS days_before, 0 AS others_30d, CAST(NULL AS INTEGER) AS gap_days, 0 AS overlap_days, 0 AS in_hand_days
FROM stage.taken t ANTI JOIN stage.taken_before b ON b.psn_row = t.psn_row AND b.substance = t.substance
WHERE t.n = 1 OR (t.on_rx = t.n AND t.rx_row = t.last_rx)
UNION ALL
SELECT b.psn_row, b.substance, NULL AS rx_row, NULL AS bought_row, b.day, b.days, FALSE AS in_quarter,
    0 AS days_before, 0 AS others_30d, CAST(NULL AS INTEGER) AS gap_days, 0 AS overlap_days, 0 AS in_hand_days
FROM stage.taken_before b ANTI JOIN stage.often o ON o.psn_row = b.psn_row AND o.substance = b.substance;

-- The frame's prescriptions: the worst of their substances. Ward orders have no row.
CREATE TABLE stage.rx_supply AS
SELECT rx_row, max(overlap_days) AS overlap_days, max(in_hand_days) AS in_hand_days,
    max(others_30d) AS others_30d, min(gap_days) AS gap_days, CAST(sum(overlap_days) AS INTEGER) AS overlap_sum
FROM stage.supply
WHERE in_quarter AND rx_row IS NOT NULL
GROUP BY rx_row;
