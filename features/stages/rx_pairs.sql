-- Pairs of drugs on one prescription: listed pairs whose labels ask for care, and drugs of one ATC class.
-- Grain: rxno; prescriptions without any such pair have no row.
CREATE TABLE stage.rx_pairs AS
WITH drug_on AS (
    SELECT DISTINCT rxno, substance, atc_code FROM stage.line
    WHERE in_quarter AND rxno IS NOT NULL AND atc_code IS NOT NULL
), side AS (
    SELECT p.pair_no, p.side, o.rxno, o.substance
    FROM stage.interaction p JOIN drug_on o ON o.atc_code LIKE p.prefix || '%'
)
SELECT a.rxno, CAST(count(*) AS INTEGER) AS interaction_pairs
FROM side a
JOIN side b ON b.rxno = a.rxno AND b.pair_no = a.pair_no AND a.side = 1 AND b.side = 2
    AND a.substance <> b.substance
GROUP BY a.rxno;
