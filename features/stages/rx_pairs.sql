-- Pairs of drugs on one prescription: listed pairs whose labels ask for care. Grain: rx_row; prescriptions
-- without any such pair have no row. One substance counts once a side, whatever products it came in.
CREATE TABLE stage.rx_pairs AS
WITH sided AS (
    SELECT m.item, m.substance, m.atc_code, p.pair_no, p.side
    FROM stage.medicine m JOIN stage.interaction p ON m.atc_code LIKE p.prefix || '%'
), side AS (
    SELECT DISTINCT l.rx_row, p.pair_no, p.side, p.substance, p.atc_code
    FROM stage.line l JOIN sided p ON p.item = l.item
    WHERE l.in_quarter AND l.rx_row IS NOT NULL
)
SELECT a.rx_row, CAST(count(*) AS INTEGER) AS interaction_pairs
FROM side a
JOIN side b ON b.rx_row = a.rx_row AND b.pair_no = a.pair_no AND b.side = 2 AND a.substance <> b.substance
WHERE a.side = 1
GROUP BY a.rx_row;
