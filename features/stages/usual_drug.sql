-- What is usual for a product among the look-back's lines. Grain: item. Medians are values that were written
-- (the smallest that half of the lines do not exceed); null where fewer than ten lines say it.
CREATE TABLE stage.usual_drug AS
WITH said AS (
    SELECT item, single_dose AS value, 1 AS what, count(*) AS n FROM stage.line
    WHERE NOT piece AND single_dose IS NOT NULL GROUP BY item, single_dose
    UNION ALL
    SELECT item, CAST(prd_days AS DOUBLE) AS value, 2 AS what, count(*) AS n FROM stage.line
    WHERE NOT piece AND prd_days IS NOT NULL GROUP BY item, prd_days
), counted AS (
    SELECT item, what, value, sum(n) OVER (PARTITION BY item, what ORDER BY value
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far,
        sum(n) OVER (PARTITION BY item, what) AS n
    FROM said
)
SELECT item, min(CASE WHEN what = 1 THEN value END) AS single_dose, min(CASE WHEN what = 2 THEN value END) AS prd_days
FROM counted WHERE 2 * so_far >= n AND n >= 10
GROUP BY item;
