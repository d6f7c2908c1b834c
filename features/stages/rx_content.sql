-- What stands on a prescription of the frame. Grain: rxno. Decoction pieces are counted apart.
CREATE TABLE stage.rx_content AS
SELECT l.rxno,
    CAST(count(*) AS INTEGER) AS n_lines,
    CAST(count(DISTINCT CASE WHEN NOT l.piece THEN l.substance END) AS INTEGER) AS n_drugs,
    CAST(count(CASE WHEN l.piece THEN 1 END) AS INTEGER) AS n_pieces,
    CAST(count(CASE WHEN NOT l.piece THEN 1 END) AS INTEGER) AS n_products,
    CAST(count(DISTINCT l.atc1) AS INTEGER) AS n_atc1,
    CAST(count(DISTINCT CASE WHEN NOT l.piece THEN l.class4 END) AS INTEGER) AS n_class4,
    CAST(ceil(max(CASE WHEN NOT l.piece THEN l.prd_days END)) AS INTEGER) AS days_max,
    CAST(ceil(min(CASE WHEN NOT l.piece THEN l.prd_days END)) AS INTEGER) AS days_min,
    max(CASE WHEN u.prd_days > 0 THEN CAST(l.prd_days AS DOUBLE) / CAST(u.prd_days AS DOUBLE) END)
        AS days_to_usual,
    CAST(count(CASE WHEN NOT l.piece AND l.sin_doscnt IS NULL THEN 1 END) AS INTEGER) AS without_dose,
    CAST(count(CASE WHEN NOT l.piece AND l.used_frqu_codg IS NULL THEN 1 END) AS INTEGER)
        AS without_frequency,
    CAST(count(CASE WHEN NOT l.piece AND l.prd_days IS NULL THEN 1 END) AS INTEGER) AS without_days,
    CAST(count(CASE WHEN l.abx_tier IS NOT NULL THEN 1 END) AS INTEGER) AS n_antibacterial,
    coalesce(max(l.abx_tier), 0) AS abx_tier_max,
    CAST(count(CASE WHEN l.inj_flag = 1 THEN 1 END) AS INTEGER) AS n_injection,
    CAST(count(CASE WHEN l.control_class IN ('N', 'P1', 'P2') THEN 1 END) AS INTEGER) AS n_controlled,
    CAST(count(CASE WHEN l.preg_contra_flag = 1 THEN 1 END) AS INTEGER) AS n_pregnancy_risk,
    max(CASE WHEN l.max_daily_dose > 0 THEN
        l.single_dose * CAST(l.per_day AS DOUBLE) / CAST(l.max_daily_dose AS DOUBLE) END) AS dose_to_label,
    max(CASE WHEN l.ddd > 0 THEN
        l.single_dose * CAST(l.per_day AS DOUBLE) / CAST(l.ddd AS DOUBLE) END) AS dose_to_ddd,
    max(CASE WHEN l.ddd > 0 THEN l.single_dose / CAST(l.ddd AS DOUBLE) END) AS single_dose_to_ddd,
    max(CASE WHEN u.single_dose > 0 THEN l.single_dose / u.single_dose END) AS dose_to_usual,
    min(CASE WHEN u.single_dose > 0 THEN l.single_dose / u.single_dose END) AS dose_to_usual_min,
    sum(l.net_fen) AS net_fen, max(l.net_fen) AS top_line_fen,
    sum(CASE WHEN l.hi_nego_drug_flag = 1 THEN l.net_fen ELSE 0 END) AS negotiated_fen,
    sum(CASE WHEN NOT l.piece AND l.bas_medn_flag = 0 THEN l.net_fen ELSE 0 END) AS nonessential_fen,
    sum(CASE WHEN l.vbp_group IS NOT NULL THEN l.net_fen ELSE 0 END) AS vbp_fen,
    sum(CASE WHEN l.vbp_group IS NOT NULL AND coalesce(l.vbp_selected_flag, 0) = 0 THEN l.net_fen ELSE 0 END)
        AS vbp_other_fen
FROM stage.line l
LEFT JOIN stage.usual_drug u ON u.med_list_codg = l.med_list_codg AND NOT l.piece
WHERE l.in_quarter AND l.rxno IS NOT NULL
GROUP BY l.rxno;
