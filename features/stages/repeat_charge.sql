-- One item charged again to one person at one institution on one day, same price and quantity; the first is
-- not counted. Each surplus belongs to the line's own prescription and prescriber. Refunded lines are out.
CREATE TABLE stage.repeated AS
WITH again AS (
    -- Few: looked for first by the short keys alone.
    SELECT psn_row, day, item FROM net WHERE in_quarter GROUP BY psn_row, day, item HAVING count(*) > 1
), twin AS (
    SELECT n.psn_row, n.inst_row, n.day, n.item, n.cnt, n.pric, min(n.fee_row) AS first_row
    FROM net n SEMI JOIN again a ON a.psn_row = n.psn_row AND a.day = n.day AND a.item = n.item
    WHERE n.in_quarter
    GROUP BY n.psn_row, n.inst_row, n.day, n.item, n.cnt, n.pric HAVING count(*) > 1
)
SELECT n.fee_row, n.rx_row, n.psn_row, n.inst_row, n.dr_row, n.net_fen
FROM net n
JOIN twin t ON t.psn_row = n.psn_row AND t.inst_row = n.inst_row AND t.day = n.day
    AND t.item = n.item AND t.cnt = n.cnt AND t.pric = n.pric AND n.fee_row <> t.first_row
WHERE n.in_quarter;

CREATE TABLE stage.rx_repeat AS
SELECT rx_row, CAST(count(*) AS INTEGER) AS n_lines FROM stage.repeated WHERE rx_row IS NOT NULL GROUP BY rx_row;

CREATE TABLE stage.person_repeat AS
SELECT psn_row, CAST(count(*) AS INTEGER) AS n_lines FROM stage.repeated GROUP BY psn_row;

CREATE TABLE stage.practitioner_repeat AS
SELECT dr_row, count(*) AS n_lines FROM stage.repeated WHERE dr_row IS NOT NULL GROUP BY dr_row;

CREATE TABLE stage.institution_repeat AS
SELECT inst_row, count(*) AS n_lines, CAST(sum(net_fen) AS BIGINT) AS fen
FROM stage.repeated GROUP BY inst_row;
