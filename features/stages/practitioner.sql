-- Against prescribers of the same department and level. A small count is pulled to its peers as if it brought
-- twenty prescriptions of theirs along. 1 = like the peers; rates are given as differences.
CREATE TABLE stage.dr_peer AS
WITH peer AS (
    SELECT dept_codg, hosp_lv, CAST(sum(n_rx) AS BIGINT) AS n_rx, CAST(sum(fen) AS BIGINT) AS fen,
        CAST(sum(drugs) AS BIGINT) AS drugs, CAST(sum(n_abx) AS BIGINT) AS n_abx,
        CAST(sum(n_inj) AS BIGINT) AS n_inj
    FROM stage.dr_sum GROUP BY dept_codg, hosp_lv
), rated AS (
    SELECT d.dr_row, d.n_rx, d.fen, d.drugs, d.n_abx, d.n_inj,
        CAST(p.fen AS DOUBLE) / p.n_rx AS peer_fen, CAST(p.drugs AS DOUBLE) / p.n_rx AS peer_drugs,
        CAST(p.n_abx AS DOUBLE) / p.n_rx AS peer_abx, CAST(p.n_inj AS DOUBLE) / p.n_rx AS peer_inj
    FROM stage.dr_sum d JOIN peer p ON p.dept_codg = d.dept_codg AND p.hosp_lv = d.hosp_lv
)
SELECT dr_row,
    (fen + 20 * peer_fen) / (n_rx + 20) / nullif(peer_fen, 0) AS amount_to_peers,
    (drugs + 20 * peer_drugs) / (n_rx + 20) / nullif(peer_drugs, 0) AS drugs_to_peers,
    (n_abx + 20 * peer_abx) / (n_rx + 20) - peer_abx AS antibacterial_over_peers,
    (n_inj + 20 * peer_inj) / (n_rx + 20) - peer_inj AS injection_over_peers
FROM rated;

-- What a practitioner ordered, from fee lines alone. Grain: dr_row.
CREATE TABLE stage.dr_line AS
WITH product AS (
    SELECT dr_row, is_drug, item, count(*) AS n_lines, CAST(sum(net_fen) AS BIGINT) AS fen,
        CAST(sum(stake_fen) AS BIGINT) AS stake_fen
    FROM net WHERE in_quarter AND dr_row IS NOT NULL GROUP BY dr_row, is_drug, item
), person AS (
    SELECT dr_row, psn_row, CAST(sum(net_fen) AS BIGINT) AS fen FROM net
    WHERE in_quarter AND dr_row IS NOT NULL GROUP BY dr_row, psn_row
), place AS (
    SELECT dr_row, inst_row, CAST(sum(net_fen) AS BIGINT) AS fen FROM net
    WHERE in_quarter AND dr_row IS NOT NULL GROUP BY dr_row, inst_row
), total AS (
    SELECT dr_row, CAST(sum(n_lines) AS INTEGER) AS n_lines, CAST(sum(fen) AS BIGINT) AS fen,
        CAST(sum(stake_fen) AS BIGINT) AS stake_fen,
        CAST(sum(CASE WHEN is_drug THEN fen ELSE 0 END) AS BIGINT) AS drug_fen,
        max(CASE WHEN is_drug THEN fen END) AS top_product_fen
    FROM product GROUP BY dr_row
), persons AS (
    SELECT dr_row, CAST(count(*) AS INTEGER) AS n_persons, max(fen) AS top_person_fen FROM person GROUP BY dr_row
), pharmacy AS (
    SELECT o.dr_row, max(o.fen) AS top_pharmacy_fen, CAST(sum(o.fen) AS BIGINT) AS pharmacy_fen
    FROM place o JOIN institution i ON i.inst_row = o.inst_row WHERE i.fixmedins_type = '2' GROUP BY o.dr_row
)
SELECT t.dr_row, t.n_lines, t.fen, t.stake_fen, p.n_persons, t.drug_fen, t.top_product_fen, p.top_person_fen,
    z.top_pharmacy_fen, z.pharmacy_fen
FROM total t JOIN persons p ON p.dr_row = t.dr_row LEFT JOIN pharmacy z ON z.dr_row = t.dr_row;

CREATE TABLE stage.rx_dr AS
SELECT r.rx_row, p.amount_to_peers, p.antibacterial_over_peers
FROM rx r JOIN stage.dr_peer p ON p.dr_row = r.dr_row
WHERE r.in_quarter;
