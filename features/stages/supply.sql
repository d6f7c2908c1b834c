-- Supplies to take home, of one substance to one person. Grain: psn_no, substance, supply_id (a prescription,
-- or a line bought without one). Orders on a ward are no supply. Whole days; a part of a day counts as one.
CREATE TABLE stage.supply AS
WITH given AS (
    SELECT psn_no, substance, coalesce(rxno, line_id) AS supply_id, rxno, min(day) AS day,
        min(second_no) AS second_no, bool_or(in_quarter) AS in_quarter,
        CAST(ceil(max(prd_days)) AS INTEGER) AS days
    FROM stage.line
    WHERE NOT piece AND prd_days > 0 AND feedetl_sn IS NOT NULL AND coalesce(setting, '1') <> '3'
    GROUP BY psn_no, substance, coalesce(rxno, line_id), rxno
), before AS (
    SELECT *,
        max(day + days) OVER earlier AS prior_end,
        max(day) OVER earlier AS prior_day,
        coalesce(sum(days) OVER earlier, 0) AS days_before,
        count(*) OVER (PARTITION BY psn_no, substance ORDER BY day RANGE BETWEEN 30 PRECEDING AND CURRENT ROW)
            - 1 AS others_30d
    FROM given
    WINDOW earlier AS (PARTITION BY psn_no, substance ORDER BY day, second_no, supply_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
-- In hand at a supply = the largest, over earlier supplies j, of day_j + all days given from j on, less today.
SELECT psn_no, substance, supply_id, rxno, day, days, in_quarter,
    CAST(days_before AS INTEGER) AS days_before, CAST(others_30d AS INTEGER) AS others_30d,
    day - prior_day AS gap_days,
    greatest(0, least(coalesce(prior_end, day), day + days) - day) AS overlap_days,
    CAST(greatest(0, coalesce(max(day - days_before) OVER earlier, day - days_before) + days_before - day)
        AS INTEGER) AS in_hand_days
FROM before
WINDOW earlier AS (PARTITION BY psn_no, substance ORDER BY day, second_no, supply_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);

-- The frame's prescriptions: the worst of their substances. Ward orders have no row.
CREATE TABLE stage.rx_supply AS
SELECT rxno, max(overlap_days) AS overlap_days, max(in_hand_days) AS in_hand_days,
    max(others_30d) AS others_30d, min(gap_days) AS gap_days, CAST(sum(overlap_days) AS INTEGER) AS overlap_sum
FROM stage.supply
WHERE in_quarter AND rxno IS NOT NULL
GROUP BY rxno;
