-- Prices of a counting unit, in millionths of a yuan, against the product's median and the cheapest alternative
-- of the same generic name, form and strength. A product's median rests on the look-back's paid lines.
CREATE TABLE stage.product AS
WITH paid AS (
    SELECT n.hilist_code AS med_list_codg, d.drug_genname, d.dosform, d.strength, d.strength_unit,
        CAST(round(CAST(n.pric AS DOUBLE) * 1000000 / CAST(d.units_per_pack AS DOUBLE)) AS BIGINT) AS micro
    FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code
    WHERE n.list_type <> '102' AND n.pric > 0 AND d.units_per_pack > 0
), typical AS (
    SELECT med_list_codg, drug_genname, dosform, strength, strength_unit, count(*) AS n_lines,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY micro) AS median_micro
    FROM paid GROUP BY med_list_codg, drug_genname, dosform, strength, strength_unit
)
SELECT med_list_codg, n_lines, median_micro,
    least(median_micro, coalesce(min(CASE WHEN n_lines >= 5 THEN median_micro END)
        OVER (PARTITION BY drug_genname, dosform, strength, strength_unit), median_micro)) AS cheapest_micro
FROM typical;

-- Paid drug lines of the frame's prescriptions. Grain: rxno.
CREATE TABLE stage.rx_price AS
WITH paid AS (
    SELECT n.rxno, n.net_cnt, CAST(n.net_amt * 100 AS BIGINT) AS fen,
        CAST(round(CAST(n.pric AS DOUBLE) * 1000000 / CAST(d.units_per_pack AS DOUBLE)) AS BIGINT) AS micro,
        p.median_micro, p.cheapest_micro,
        CASE WHEN l.single_dose > 0 AND l.per_day > 0 AND l.prd_days > 0 AND l.strength > 0 THEN
            CAST(n.net_cnt AS DOUBLE) * CAST(d.units_per_pack AS DOUBLE) * CAST(l.strength AS DOUBLE)
            / (l.single_dose * CAST(l.per_day AS DOUBLE) * CAST(l.prd_days AS DOUBLE)) END AS given_to_needed,
        CASE WHEN n.medins_list_name IS NULL THEN NULL
             WHEN n.medins_list_name = n.hilist_name OR strpos(n.medins_list_name, d.drug_genname) > 0
                OR strpos(n.hilist_name, n.medins_list_name) > 0 THEN 0 ELSE 1 END AS other_name
    FROM net_line n
    JOIN frame f ON f.rxno = n.rxno
    JOIN drug d ON d.med_list_codg = n.hilist_code
    LEFT JOIN stage.product p ON p.med_list_codg = n.hilist_code
    LEFT JOIN stage.line l ON l.feedetl_sn = n.feedetl_sn AND l.in_quarter
    WHERE n.pric > 0 AND d.units_per_pack > 0
)
SELECT rxno, CAST(sum(fen) AS BIGINT) AS fen,
    CAST(sum(CASE WHEN micro > cheapest_micro
        THEN CAST(round(CAST(fen AS DOUBLE) * (micro - cheapest_micro) / micro) AS BIGINT) ELSE 0 END) AS BIGINT) AS saving_fen,
    max(CASE WHEN cheapest_micro > 0 THEN CAST(micro AS DOUBLE) / cheapest_micro END) AS to_cheapest,
    max(CASE WHEN median_micro > 0 THEN CAST(micro AS DOUBLE) / median_micro END) AS to_median,
    max(given_to_needed) AS given_to_needed,
    CAST(sum(other_name) AS INTEGER) AS other_names
FROM paid GROUP BY rxno;

-- The usual amount of a prescription in the same department, level and setting (else level and setting) of
-- the quarter. Grain: rxno. In fen.
CREATE TABLE stage.rx_peer AS
WITH alike AS (
    SELECT dept_codg, hosp_lv, setting, count(*) AS n,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY amount_fen) AS median_fen
    FROM stage.rx WHERE in_quarter GROUP BY dept_codg, hosp_lv, setting
), wider AS (
    SELECT hosp_lv, setting, percentile_disc(0.5) WITHIN GROUP (ORDER BY amount_fen) AS median_fen
    FROM stage.rx WHERE in_quarter GROUP BY hosp_lv, setting
)
SELECT r.rxno, r.amount_fen, CASE WHEN a.n >= 20 THEN a.median_fen ELSE w.median_fen END AS median_fen
FROM stage.rx r
LEFT JOIN alike a ON a.dept_codg = r.dept_codg AND a.hosp_lv = r.hosp_lv
    AND coalesce(a.setting, '') = coalesce(r.setting, '')
LEFT JOIN wider w ON w.hosp_lv = r.hosp_lv AND coalesce(w.setting, '') = coalesce(r.setting, '')
WHERE r.in_quarter;
