-- A prescriber's prescriptions of the quarter, summed. Grain: dr_codg.
CREATE TABLE stage.dr_sum AS
SELECT r.dr_codg, min(r.dept_codg) AS dept_codg, min(r.hosp_lv) AS hosp_lv,
    count(*) AS n_rx, count(DISTINCT r.psn_no) AS n_persons, count(DISTINCT r.day) AS n_days,
    CAST(sum(r.amount_fen) AS BIGINT) AS fen,
    CAST(sum(c.n_drugs) AS BIGINT) AS drugs, CAST(sum(c.n_lines) AS BIGINT) AS lines,
    count(CASE WHEN c.n_antibacterial > 0 THEN 1 END) AS n_abx,
    count(CASE WHEN c.n_injection > 0 THEN 1 END) AS n_inj,
    count(CASE WHEN c.days_max > x.usual_limit_days THEN 1 END) AS n_long,
    count(CASE WHEN x.usual_limit_days IS NOT NULL AND c.days_max IS NOT NULL THEN 1 END) AS n_timed,
    count(CASE WHEN s.overlap_days > 3 THEN 1 END) AS n_overlap, count(s.rxno) AS n_supplied,
    CAST(sum(i.n_unusual) AS BIGINT) AS unusual_classes, CAST(sum(i.n_classes) AS BIGINT) AS classes,
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
FROM stage.rx r
JOIN stage.rx_context x ON x.rxno = r.rxno
JOIN stage.rx_rhythm h ON h.rxno = r.rxno
LEFT JOIN stage.rx_content c ON c.rxno = r.rxno
LEFT JOIN stage.rx_supply s ON s.rxno = r.rxno
LEFT JOIN stage.rx_indication i ON i.rxno = r.rxno
LEFT JOIN stage.rx_companions k ON k.rxno = r.rxno
LEFT JOIN stage.rx_price p ON p.rxno = r.rxno
LEFT JOIN stage.rx_billed b ON b.rxno = r.rxno
WHERE r.in_quarter GROUP BY r.dr_codg;

-- Against prescribers of the same department and level. A small count is pulled to its peers as if it brought
-- twenty prescriptions of theirs along. 1 = like the peers; rates are given as differences.
CREATE TABLE stage.dr_peer AS
WITH peer AS (
    SELECT dept_codg, hosp_lv, CAST(sum(n_rx) AS BIGINT) AS n_rx, CAST(sum(fen) AS BIGINT) AS fen,
        CAST(sum(drugs) AS BIGINT) AS drugs, CAST(sum(n_abx) AS BIGINT) AS n_abx,
        CAST(sum(n_inj) AS BIGINT) AS n_inj
    FROM stage.dr_sum GROUP BY dept_codg, hosp_lv
), rated AS (
    SELECT d.dr_codg, d.n_rx, d.fen, d.drugs, d.n_abx, d.n_inj,
        CAST(p.fen AS DOUBLE) / p.n_rx AS peer_fen, CAST(p.drugs AS DOUBLE) / p.n_rx AS peer_drugs,
        CAST(p.n_abx AS DOUBLE) / p.n_rx AS peer_abx, CAST(p.n_inj AS DOUBLE) / p.n_rx AS peer_inj
    FROM stage.dr_sum d JOIN peer p ON p.dept_codg = d.dept_codg AND p.hosp_lv = d.hosp_lv
)
SELECT dr_codg,
    (fen + 20 * peer_fen) / (n_rx + 20) / nullif(peer_fen, 0) AS amount_to_peers,
    (drugs + 20 * peer_drugs) / (n_rx + 20) / nullif(peer_drugs, 0) AS drugs_to_peers,
    (n_abx + 20 * peer_abx) / (n_rx + 20) - peer_abx AS antibacterial_over_peers,
    (n_inj + 20 * peer_inj) / (n_rx + 20) - peer_inj AS injection_over_peers
FROM rated;

-- What a practitioner ordered, from fee lines alone. Grain: dr_codg, products and persons within.
CREATE TABLE stage.dr_order AS
SELECT coalesce(r.dr_codg, n.bilg_dr_codg) AS dr_codg, n.psn_no, n.fixmedins_code, n.hilist_code,
    n.list_type IN ('101', '102', '103', '104') AS drug_line,
    count(*) AS n_lines, CAST(sum(n.net_amt) * 100 AS BIGINT) AS fen,
    CAST(sum(n.stake_amt) * 100 AS BIGINT) AS stake_fen
FROM net_line n LEFT JOIN stage.rx r ON r.rxno = n.rxno
WHERE n.in_quarter AND coalesce(r.dr_codg, n.bilg_dr_codg) IS NOT NULL
GROUP BY coalesce(r.dr_codg, n.bilg_dr_codg), n.psn_no, n.fixmedins_code, n.hilist_code,
    n.list_type IN ('101', '102', '103', '104');

CREATE TABLE stage.dr_line AS
WITH total AS (
    SELECT dr_codg, CAST(sum(n_lines) AS INTEGER) AS n_lines, CAST(sum(fen) AS BIGINT) AS fen,
        CAST(sum(stake_fen) AS BIGINT) AS stake_fen, CAST(count(DISTINCT psn_no) AS INTEGER) AS n_persons,
        CAST(sum(CASE WHEN drug_line THEN fen ELSE 0 END) AS BIGINT) AS drug_fen
    FROM stage.dr_order GROUP BY dr_codg
), product AS (
    SELECT dr_codg, CAST(sum(fen) AS BIGINT) AS fen FROM stage.dr_order WHERE drug_line
    GROUP BY dr_codg, hilist_code
), person AS (
    SELECT dr_codg, CAST(sum(fen) AS BIGINT) AS fen FROM stage.dr_order GROUP BY dr_codg, psn_no
), place AS (
    SELECT o.dr_codg, CAST(sum(o.fen) AS BIGINT) AS fen
    FROM stage.dr_order o JOIN institution i ON i.fixmedins_code = o.fixmedins_code
    WHERE i.fixmedins_type = '2' GROUP BY o.dr_codg, o.fixmedins_code
), top_product AS (SELECT dr_codg, max(fen) AS fen FROM product GROUP BY dr_codg
), top_person AS (SELECT dr_codg, max(fen) AS fen FROM person GROUP BY dr_codg
), top_place AS (
    SELECT dr_codg, max(fen) AS fen, CAST(sum(fen) AS BIGINT) AS all_fen FROM place GROUP BY dr_codg
)
SELECT t.dr_codg, t.n_lines, t.fen, t.stake_fen, t.n_persons, t.drug_fen, p.fen AS top_product_fen,
    q.fen AS top_person_fen, z.fen AS top_pharmacy_fen, z.all_fen AS pharmacy_fen
FROM total t
LEFT JOIN top_product p ON p.dr_codg = t.dr_codg
LEFT JOIN top_person q ON q.dr_codg = t.dr_codg
LEFT JOIN top_place z ON z.dr_codg = t.dr_codg;

CREATE TABLE stage.rx_dr AS
SELECT r.rxno, p.amount_to_peers, p.antibacterial_over_peers
FROM stage.rx r JOIN stage.dr_peer p ON p.dr_codg = r.dr_codg
WHERE r.in_quarter;
