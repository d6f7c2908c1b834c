-- The quarter's prescriptions, summed by prescriber and place. Grain: dr_row, inst_row.
CREATE TABLE stage.rx_sum AS
SELECT r.dr_row, r.inst_row, min(r.dept_codg) AS dept_codg, min(r.hosp_lv) AS hosp_lv, count(*) AS n_rx,
    CAST(sum(r.amount_fen) AS BIGINT) AS fen,
    CAST(sum(c.n_drugs) AS BIGINT) AS drugs, CAST(sum(c.n_lines) AS BIGINT) AS lines,
    count(CASE WHEN c.n_antibacterial > 0 THEN 1 END) AS n_abx,
    count(CASE WHEN c.n_injection > 0 THEN 1 END) AS n_inj,
    count(CASE WHEN c.days_max > x.usual_limit_days THEN 1 END) AS n_long,
    count(CASE WHEN x.usual_limit_days IS NOT NULL AND c.days_max IS NOT NULL THEN 1 END) AS n_timed,
    count(CASE WHEN s.overlap_days > 3 THEN 1 END) AS n_overlap, count(s.rx_row) AS n_supplied,
    CAST(sum(i.n_unusual) AS BIGINT) AS unusual_classes, CAST(sum(i.n_classes) AS BIGINT) AS classes,
    count(CASE WHEN x.n_diagnoses = 0 THEN 1 END) AS n_undiagnosed,
    count(CASE WHEN x.no_pharmacist THEN 1 END) AS n_unchecked,
    count(CASE WHEN x.night THEN 1 END) AS n_night, count(CASE WHEN x.weekend THEN 1 END) AS n_weekend,
    count(CASE WHEN x.reason_written THEN 1 END) AS n_reason,
    count(CASE WHEN x.external_rx THEN 1 END) AS n_external,
    count(CASE WHEN h.since_previous <= 120 THEN 1 END) AS n_quick,
    count(h.since_previous) AS n_following, CAST(max(h.dr_hour) AS INTEGER) AS hour_max,
    CAST(max(h.dr_day) AS INTEGER) AS day_max,
    count(CASE WHEN h.dr_same_amount >= 2 THEN 1 END) AS n_same_amount,
    count(CASE WHEN x.days_after_death > 0 THEN 1 END) AS n_after_death,
    count(CASE WHEN k.companions > 0 THEN 1 END) AS n_accompanied,
    CAST(sum(p.fen) AS BIGINT) AS priced_fen, CAST(sum(p.saving_fen) AS BIGINT) AS saving_fen,
    CAST(sum(c.vbp_fen) AS BIGINT) AS vbp_fen, CAST(sum(c.vbp_other_fen) AS BIGINT) AS vbp_other_fen,
    CAST(sum(b.n_other) AS BIGINT) AS billed_other, CAST(sum(b.n_paid) AS BIGINT) AS billed
FROM rx r
JOIN stage.rx_context x ON x.rx_row = r.rx_row
JOIN stage.rx_rhythm h ON h.rx_row = r.rx_row
LEFT JOIN stage.rx_content c ON c.rx_row = r.rx_row
LEFT JOIN stage.rx_supply s ON s.rx_row = r.rx_row
LEFT JOIN stage.rx_indication i ON i.rx_row = r.rx_row
LEFT JOIN stage.rx_companions k ON k.rx_row = r.rx_row
LEFT JOIN stage.rx_price p ON p.rx_row = r.rx_row
LEFT JOIN stage.rx_billed b ON b.rx_row = r.rx_row
WHERE r.in_quarter GROUP BY r.dr_row, r.inst_row;

-- A prescriber's prescriptions of the quarter. Grain: dr_row.
CREATE TABLE stage.dr_sum AS
WITH person AS (
    SELECT dr_row, psn_row FROM rx WHERE in_quarter GROUP BY dr_row, psn_row
), day AS (
    SELECT dr_row, day FROM rx WHERE in_quarter GROUP BY dr_row, day
), persons AS (SELECT dr_row, count(*) AS n_persons FROM person GROUP BY dr_row
), days AS (SELECT dr_row, count(*) AS n_days FROM day GROUP BY dr_row
), summed AS (
    SELECT dr_row, min(dept_codg) AS dept_codg, min(hosp_lv) AS hosp_lv, CAST(sum(n_rx) AS BIGINT) AS n_rx,
    CAST(sum(fen) AS BIGINT) AS fen, CAST(sum(drugs) AS BIGINT) AS drugs, CAST(sum(lines) AS BIGINT) AS lines,
    CAST(sum(n_abx) AS BIGINT) AS n_abx, CAST(sum(n_inj) AS BIGINT) AS n_inj, CAST(sum(n_long) AS BIGINT) AS n_long,
    CAST(sum(n_timed) AS BIGINT) AS n_timed, CAST(sum(n_overlap) AS BIGINT) AS n_overlap,
    CAST(sum(n_supplied) AS BIGINT) AS n_supplied, CAST(sum(unusual_classes) AS BIGINT) AS unusual_classes,
    CAST(sum(classes) AS BIGINT) AS classes, CAST(sum(n_night) AS BIGINT) AS n_night,
    CAST(sum(n_weekend) AS BIGINT) AS n_weekend, CAST(sum(n_reason) AS BIGINT) AS n_reason,
    CAST(sum(n_external) AS BIGINT) AS n_external, CAST(sum(n_quick) AS BIGINT) AS n_quick,
    CAST(sum(n_following) AS BIGINT) AS n_following, CAST(max(hour_max) AS INTEGER) AS hour_max,
    CAST(max(day_max) AS INTEGER) AS day_max, CAST(sum(n_same_amount) AS BIGINT) AS n_same_amount,
    CAST(sum(n_after_death) AS BIGINT) AS n_after_death, CAST(sum(n_accompanied) AS BIGINT) AS n_accompanied,
    CAST(sum(priced_fen) AS BIGINT) AS priced_fen, CAST(sum(saving_fen) AS BIGINT) AS saving_fen,
    CAST(sum(vbp_fen) AS BIGINT) AS vbp_fen, CAST(sum(vbp_other_fen) AS BIGINT) AS vbp_other_fen,
    CAST(sum(billed_other) AS BIGINT) AS billed_other, CAST(sum(billed) AS BIGINT) AS billed
    FROM stage.rx_sum GROUP BY dr_row
)
SELECT s.*, p.n_persons, d.n_days
FROM summed s JOIN persons p ON p.dr_row = s.dr_row JOIN days d ON d.dr_row = s.dr_row;

-- An institution as the one that prescribes. Grain: inst_row; pharmacies have no row.
CREATE TABLE stage.institution_rx AS
WITH person AS (
    SELECT inst_row, psn_row FROM rx WHERE in_quarter GROUP BY inst_row, psn_row
), persons AS (SELECT inst_row, count(*) AS n_persons FROM person GROUP BY inst_row
), summed AS (
    SELECT inst_row, count(*) AS n_prescribers, CAST(sum(n_rx) AS BIGINT) AS n_rx,
    CAST(sum(fen) AS BIGINT) AS fen, CAST(sum(drugs) AS BIGINT) AS drugs, CAST(sum(n_abx) AS BIGINT) AS n_abx,
    CAST(sum(n_inj) AS BIGINT) AS n_inj, CAST(sum(n_long) AS BIGINT) AS n_long,
    CAST(sum(n_timed) AS BIGINT) AS n_timed, CAST(sum(n_overlap) AS BIGINT) AS n_overlap,
    CAST(sum(n_supplied) AS BIGINT) AS n_supplied, CAST(sum(unusual_classes) AS BIGINT) AS unusual_classes,
    CAST(sum(classes) AS BIGINT) AS classes, CAST(sum(n_undiagnosed) AS BIGINT) AS n_undiagnosed,
    CAST(sum(n_unchecked) AS BIGINT) AS n_unchecked, CAST(sum(n_quick) AS BIGINT) AS n_quick,
    CAST(sum(n_following) AS BIGINT) AS n_following, CAST(sum(priced_fen) AS BIGINT) AS priced_fen,
    CAST(sum(saving_fen) AS BIGINT) AS saving_fen, CAST(sum(vbp_fen) AS BIGINT) AS vbp_fen,
    CAST(sum(vbp_other_fen) AS BIGINT) AS vbp_other_fen, CAST(sum(billed_other) AS BIGINT) AS billed_other,
    CAST(sum(billed) AS BIGINT) AS billed
    FROM stage.rx_sum GROUP BY inst_row
)
SELECT s.*, p.n_persons FROM summed s JOIN persons p ON p.inst_row = s.inst_row;
