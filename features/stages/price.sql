-- Prices of a counting unit, in millionths of a yuan, against the product's median and the cheapest alternative
-- of the same generic name, form and strength. A product's median rests on the look-back's paid lines.
CREATE TABLE stage.paid AS
SELECT item, pric, count(*) AS n FROM net WHERE list_type <> 102 AND pric > 0 GROUP BY item, pric;

CREATE TABLE stage.priced AS
WITH paid AS (
    SELECT item, pric, CAST(sum(n) AS BIGINT) AS n FROM (
        SELECT item, pric, n FROM stage.paid UNION ALL SELECT item, pric, n FROM carried.paid
    ) AS every GROUP BY item, pric HAVING sum(n) > 0
)
SELECT p.item, p.n, CAST(round(CAST(p.pric AS DOUBLE) * 1000000 / CAST(m.units_per_pack AS DOUBLE)) AS BIGINT) AS micro
FROM paid p JOIN stage.medicine m ON m.item = p.item AND m.listed
WHERE m.units_per_pack > 0;

CREATE TABLE stage.product AS
WITH counted AS (
    SELECT item, micro, sum(n) OVER (PARTITION BY item ORDER BY micro
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far,
        sum(n) OVER (PARTITION BY item) AS n
    FROM stage.priced
), typical AS (
    SELECT item, max(n) AS n_lines, min(CASE WHEN 2 * so_far >= n THEN micro END) AS median_micro
    FROM counted GROUP BY item
)
SELECT t.item, t.n_lines, t.median_micro,
    least(t.median_micro, coalesce(min(CASE WHEN t.n_lines >= 5 THEN t.median_micro END)
        OVER (PARTITION BY m.drug_genname, m.dosform, m.strength, m.strength_unit), t.median_micro)) AS cheapest_micro
FROM typical t JOIN stage.medicine m ON m.item = t.item;

-- Paid drug lines of the frame's prescriptions. Grain: rx_row. How much was given against what the directions
-- need is of the reviewed line that the fee line is the first to settle.
CREATE TABLE stage.rx_price AS
WITH recorded AS (
    SELECT DISTINCT rx_row FROM prescribed
), written AS (
    SELECT fee_row, single_dose, per_day, prd_days FROM reviewed WHERE rx_line_no IS NOT NULL AND fee_row IS NOT NULL
), dosed AS (
    SELECT n.rx_row, n.item, n.net_cnt, n.net_fen, n.pric, n.other_name,
        CASE WHEN o.rx_row IS NULL THEN n.single_dose ELSE w.single_dose END AS single_dose,
        CASE WHEN o.rx_row IS NULL THEN n.per_day ELSE w.per_day END AS per_day,
        CASE WHEN o.rx_row IS NULL THEN n.prd_days ELSE w.prd_days END AS prd_days
    FROM net n
    LEFT JOIN recorded o ON o.rx_row = n.rx_row
    LEFT JOIN written w ON w.fee_row = n.fee_row
    WHERE n.rx_in_quarter AND n.pric > 0
), paid AS (
    SELECT n.rx_row, n.net_fen AS fen,
        CAST(round(CAST(n.pric AS DOUBLE) * 1000000 / CAST(m.units_per_pack AS DOUBLE)) AS BIGINT) AS micro,
        p.median_micro, p.cheapest_micro,
        CASE WHEN m.strength > 0 AND n.single_dose > 0 AND n.per_day > 0 AND n.prd_days > 0 THEN
            CAST(n.net_cnt AS DOUBLE) * CAST(m.units_per_pack AS DOUBLE) * CAST(m.strength AS DOUBLE)
            / (n.single_dose * CAST(n.per_day AS DOUBLE) * CAST(n.prd_days AS DOUBLE)) END AS given_to_needed,
        CASE WHEN n.other_name THEN 1 WHEN NOT n.other_name THEN 0 END AS other_name
    FROM dosed n
    JOIN stage.medicine m ON m.item = n.item AND m.listed
    LEFT JOIN stage.product p ON p.item = n.item
    WHERE m.units_per_pack > 0
)
SELECT rx_row, CAST(sum(fen) AS BIGINT) AS fen,
    CAST(sum(CASE WHEN micro > cheapest_micro
        THEN CAST(round(CAST(fen AS DOUBLE) * (micro - cheapest_micro) / micro) AS BIGINT) ELSE 0 END) AS BIGINT) AS saving_fen,
    max(CASE WHEN cheapest_micro > 0 THEN CAST(micro AS DOUBLE) / cheapest_micro END) AS to_cheapest,
    max(CASE WHEN median_micro > 0 THEN CAST(micro AS DOUBLE) / median_micro END) AS to_median,
    max(given_to_needed) AS given_to_needed,
    CAST(sum(other_name) AS INTEGER) AS other_names
FROM paid GROUP BY rx_row;

-- The usual amount of a prescription in the same department, level and setting (else level and setting) of
-- the quarter. Grain: rx_row. In fen.
CREATE TABLE stage.rx_peer AS
WITH alike AS (
    SELECT dept_codg, hosp_lv, coalesce(setting, '') AS setting, count(*) AS n,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY amount_fen) AS median_fen
    FROM rx WHERE in_quarter GROUP BY dept_codg, hosp_lv, coalesce(setting, '')
), wider AS (
    SELECT hosp_lv, coalesce(setting, '') AS setting,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY amount_fen) AS median_fen
    FROM rx WHERE in_quarter GROUP BY hosp_lv, coalesce(setting, '')
)
SELECT r.rx_row, r.amount_fen, CASE WHEN a.n >= 20 THEN a.median_fen ELSE w.median_fen END AS median_fen
FROM rx r
LEFT JOIN alike a ON a.dept_codg = r.dept_codg AND a.hosp_lv = r.hosp_lv AND a.setting = coalesce(r.setting, '')
LEFT JOIN wider w ON w.hosp_lv = r.hosp_lv AND w.setting = coalesce(r.setting, '')
WHERE r.in_quarter;
