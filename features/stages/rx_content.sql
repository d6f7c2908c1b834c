-- What stands on a prescription of the frame. Grain: rx_row. Decoction pieces are counted apart.
CREATE TABLE stage.rx_class AS
SELECT rx_row, class4, in_quarter FROM stage.line WHERE rx_row IS NOT NULL AND NOT piece
GROUP BY rx_row, class4, in_quarter;

-- Prescriptions of three drugs and more, whose kinds the first and the last do not tell.
CREATE TABLE stage.rx_breadth AS
WITH several AS (
    SELECT rx_row FROM stage.line WHERE in_quarter AND rx_row IS NOT NULL AND NOT piece
    GROUP BY rx_row HAVING count(*) > 2
)
SELECT l.rx_row, CAST(count(DISTINCT l.substance) AS INTEGER) AS n_drugs, CAST(count(DISTINCT l.class4) AS INTEGER) AS n_class4
FROM stage.line l SEMI JOIN several s ON s.rx_row = l.rx_row
WHERE l.in_quarter AND NOT l.piece
GROUP BY l.rx_row;

CREATE TABLE stage.rx_content AS
WITH summed AS (
SELECT l.rx_row,
    CAST(count(*) AS INTEGER) AS n_lines,
    min(CASE WHEN NOT l.piece THEN l.substance END) AS first_drug, max(CASE WHEN NOT l.piece THEN l.substance END) AS last_drug,
    min(CASE WHEN NOT l.piece THEN l.class4 END) AS first_class, max(CASE WHEN NOT l.piece THEN l.class4 END) AS last_class,
    CAST(count(CASE WHEN l.piece THEN 1 END) AS INTEGER) AS n_pieces,
    CAST(count(CASE WHEN NOT l.piece THEN 1 END) AS INTEGER) AS n_products,
    CAST(bit_count(bit_or(m.atc1_bit)) AS INTEGER) AS n_atc1, count(CASE WHEN m.listed THEN 1 END) AS n_listed,
    CAST(ceil(max(CASE WHEN NOT l.piece THEN l.prd_days END)) AS INTEGER) AS days_max,
    CAST(ceil(min(CASE WHEN NOT l.piece THEN l.prd_days END)) AS INTEGER) AS days_min,
    max(CASE WHEN u.prd_days > 0 THEN CAST(l.prd_days AS DOUBLE) / u.prd_days END) AS days_to_usual,
    CAST(count(CASE WHEN NOT l.piece AND NOT l.dose_written THEN 1 END) AS INTEGER) AS without_dose,
    CAST(count(CASE WHEN NOT l.piece AND NOT l.frequency_written THEN 1 END) AS INTEGER) AS without_frequency,
    CAST(count(CASE WHEN NOT l.piece AND l.prd_days IS NULL THEN 1 END) AS INTEGER) AS without_days,
    CAST(count(m.abx_tier) AS INTEGER) AS n_antibacterial,
    coalesce(max(m.abx_tier), 0) AS abx_tier_max,
    CAST(count(CASE WHEN m.inj_flag = 1 THEN 1 END) AS INTEGER) AS n_injection,
    CAST(count(CASE WHEN m.control_class IN ('N', 'P1', 'P2') THEN 1 END) AS INTEGER) AS n_controlled,
    CAST(count(CASE WHEN m.preg_contra_flag = 1 THEN 1 END) AS INTEGER) AS n_pregnancy_risk,
    max(CASE WHEN m.max_daily_dose > 0 THEN
        l.single_dose * CAST(l.per_day AS DOUBLE) / CAST(m.max_daily_dose AS DOUBLE) END) AS dose_to_label,
    max(CASE WHEN m.ddd > 0 THEN
        l.single_dose * CAST(l.per_day AS DOUBLE) / CAST(m.ddd AS DOUBLE) END) AS dose_to_ddd,
    max(CASE WHEN m.ddd > 0 THEN l.single_dose / CAST(m.ddd AS DOUBLE) END) AS single_dose_to_ddd,
    max(CASE WHEN u.single_dose > 0 THEN l.single_dose / u.single_dose END) AS dose_to_usual,
    min(CASE WHEN u.single_dose > 0 THEN l.single_dose / u.single_dose END) AS dose_to_usual_min,
    CAST(sum(l.net_fen) AS BIGINT) AS net_fen, max(l.net_fen) AS top_line_fen,
    CAST(sum(CASE WHEN m.hi_nego_drug_flag = 1 THEN l.net_fen ELSE 0 END) AS BIGINT) AS negotiated_fen,
    CAST(sum(CASE WHEN NOT l.piece AND m.bas_medn_flag = 0 THEN l.net_fen ELSE 0 END) AS BIGINT) AS nonessential_fen,
    CAST(sum(CASE WHEN m.vbp_group IS NOT NULL THEN l.net_fen ELSE 0 END) AS BIGINT) AS vbp_fen,
    CAST(sum(CASE WHEN m.vbp_group IS NOT NULL AND coalesce(m.vbp_selected_flag, 0) = 0 THEN l.net_fen ELSE 0 END)
        AS BIGINT) AS vbp_other_fen
FROM stage.line l
JOIN stage.medicine m ON m.item = l.item
LEFT JOIN stage.usual_drug u ON u.item = l.item AND NOT l.piece
WHERE l.in_quarter AND l.rx_row IS NOT NULL
GROUP BY l.rx_row
)
SELECT s.* EXCLUDE (first_drug, last_drug, first_class, last_class),
    coalesce(b.n_drugs, CASE WHEN s.first_drug IS NULL THEN 0 WHEN s.first_drug = s.last_drug THEN 1 ELSE 2 END) AS n_drugs,
    coalesce(b.n_class4, CASE WHEN s.first_class IS NULL THEN 0 WHEN s.first_class = s.last_class THEN 1 ELSE 2 END)
        AS n_class4
FROM summed s LEFT JOIN stage.rx_breadth b ON b.rx_row = s.rx_row;
