-- Paid drug lines that name a prescription of the quarter but no drug that was prescribed on it. Only
-- prescriptions whose prescribed lines are on record. Grain: rx_row.
CREATE TABLE stage.rx_billed AS
WITH recorded AS (
    SELECT DISTINCT rx_row, item FROM prescribed
)
SELECT n.rx_row, r.dr_row, r.inst_row, r.psn_row, count(*) AS n_paid,
    CAST(count(CASE WHEN p.rx_row IS NULL THEN 1 END) AS INTEGER) AS n_other,
    CAST(sum(CASE WHEN p.rx_row IS NULL THEN n.net_fen ELSE 0 END) AS BIGINT) AS other_fen
FROM net n
SEMI JOIN recorded o ON o.rx_row = n.rx_row
JOIN rx r ON r.rx_row = n.rx_row AND r.in_quarter
LEFT JOIN recorded p ON p.rx_row = n.rx_row AND p.item = n.item
WHERE n.is_drug
GROUP BY n.rx_row, r.dr_row, r.inst_row, r.psn_row;
