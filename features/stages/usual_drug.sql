-- What is usual for a product among the look-back's lines. Grain: item. Medians are values that were written
-- (the smallest that half of the lines do not exceed); null where fewer than ten lines say it.
CREATE TABLE stage.said AS
SELECT item, 1 AS what, single_dose AS value, count(*) AS n FROM stage.line
WHERE NOT piece AND single_dose IS NOT NULL GROUP BY item, single_dose
UNION ALL
SELECT item, 2 AS what, CAST(prd_days AS DOUBLE) AS value, count(*) AS n FROM stage.line
WHERE NOT piece AND prd_days IS NOT NULL GROUP BY item, prd_days;

CREATE TABLE stage.usual_drug AS
WITH said AS (
    SELECT item, what, value, CAST(sum(n) AS BIGINT) AS n FROM (
        SELECT item, what, value, n FROM stage.said UNION ALL SELECT item, what, value, n FROM carried.said
    ) AS every GROUP BY item, what, value HAVING sum(n) > 0
), counted AS (
    SELECT item, what, value, sum(n) OVER (PARTITION BY item, what ORDER BY value
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far,
        sum(n) OVER (PARTITION BY item, what) AS n
    FROM said
)
SELECT item, min(CASE WHEN what = 1 THEN value END) AS single_dose, min(CASE WHEN what = 2 THEN value END) AS prd_days
FROM counted WHERE 2 * so_far >= n AND n >= 10
GROUP BY item;
