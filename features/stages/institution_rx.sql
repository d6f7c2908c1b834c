-- An institution as the one that prescribes: the quarter's prescriptions. Grain: fixmedins_code; pharmacies
-- have no row.
CREATE TABLE stage.institution_rx AS
SELECT r.fixmedins_code, count(*) AS n_rx, count(DISTINCT r.dr_codg) AS n_prescribers,
    count(DISTINCT r.psn_no) AS n_persons, CAST(sum(r.amount_fen) AS BIGINT) AS fen,
    CAST(sum(c.n_drugs) AS BIGINT) AS drugs,
    count(CASE WHEN c.n_antibacterial > 0 THEN 1 END) AS n_abx,
    count(CASE WHEN c.n_injection > 0 THEN 1 END) AS n_inj,
    count(CASE WHEN c.days_max > x.usual_limit_days THEN 1 END) AS n_long,
    count(CASE WHEN x.usual_limit_days IS NOT NULL AND c.days_max IS NOT NULL THEN 1 END) AS n_timed,
    count(CASE WHEN s.overlap_days > 3 THEN 1 END) AS n_overlap, count(s.rxno) AS n_supplied,
    CAST(sum(i.n_unusual) AS BIGINT) AS unusual_classes, CAST(sum(i.n_classes) AS BIGINT) AS classes,
    count(CASE WHEN x.n_diagnoses = 0 THEN 1 END) AS n_undiagnosed,
    count(CASE WHEN x.no_pharmacist THEN 1 END) AS n_unchecked,
    count(CASE WHEN h.since_previous <= 120 THEN 1 END) AS n_quick, count(h.since_previous) AS n_following,
    CAST(sum(p.fen) AS BIGINT) AS priced_fen, CAST(sum(p.saving_fen) AS BIGINT) AS saving_fen,
    CAST(sum(c.vbp_fen) AS BIGINT) AS vbp_fen, CAST(sum(c.vbp_other_fen) AS BIGINT) AS vbp_other_fen,
    CAST(sum(b.n_other) AS BIGINT) AS billed_other, CAST(sum(b.n_paid) AS BIGINT) AS billed
FROM stage.rx r
JOIN stage.rx_context x ON x.rxno = r.rxno
JOIN stage.rx_rhythm h ON h.rxno = r.rxno
LEFT JOIN stage.rx_content c ON c.rxno = r.rxno
LEFT JOIN stage.rx_supply s ON s.rxno = r.rxno
LEFT JOIN stage.rx_indication i ON i.rxno = r.rxno
LEFT JOIN stage.rx_price p ON p.rxno = r.rxno
LEFT JOIN stage.rx_billed b ON b.rxno = r.rxno
WHERE r.in_quarter GROUP BY r.fixmedins_code;
