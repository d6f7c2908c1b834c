-- One item charged again to one person at one institution on one day, same price and quantity; the first is
-- not counted. Each surplus belongs to the line's own prescription and prescriber. Refunded lines are out.
CREATE TABLE stage.repeated AS
WITH twin AS (
    SELECT psn_no, fixmedins_code, day, hilist_code, cnt, pric, min(feedetl_sn) AS first_line
    FROM net_line WHERE in_quarter
    GROUP BY psn_no, fixmedins_code, day, hilist_code, cnt, pric HAVING count(*) > 1
)
SELECT n.feedetl_sn, n.rxno, n.psn_no, n.fixmedins_code, coalesce(r.dr_codg, n.bilg_dr_codg) AS dr_codg,
    CAST(n.net_amt * 100 AS BIGINT) AS net_fen
FROM net_line n
JOIN twin t ON t.psn_no = n.psn_no AND t.fixmedins_code = n.fixmedins_code AND t.day = n.day
    AND t.hilist_code = n.hilist_code AND t.cnt = n.cnt AND t.pric = n.pric AND n.feedetl_sn <> t.first_line
LEFT JOIN stage.rx r ON r.rxno = n.rxno
WHERE n.in_quarter;

CREATE TABLE stage.rx_repeat AS
SELECT rxno, CAST(count(*) AS INTEGER) AS n_lines FROM stage.repeated WHERE rxno IS NOT NULL GROUP BY rxno;

CREATE TABLE stage.person_repeat AS
SELECT psn_no, CAST(count(*) AS INTEGER) AS n_lines FROM stage.repeated GROUP BY psn_no;

CREATE TABLE stage.practitioner_repeat AS
SELECT dr_codg, count(*) AS n_lines FROM stage.repeated WHERE dr_codg IS NOT NULL GROUP BY dr_codg;

CREATE TABLE stage.institution_repeat AS
SELECT fixmedins_code, count(*) AS n_lines, CAST(sum(net_fen) AS BIGINT) AS fen
FROM stage.repeated GROUP BY fixmedins_code;
