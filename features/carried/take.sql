-- What earlier months left behind, in the connection's short keys. Views ``part.*`` hold the months as each saw
-- itself, ``cut.*`` what of them belongs to the crossing, which the connection computes anew. Of persons, only
-- those who have a row in the quarter are asked for, save where a place's visits are put in order.
CREATE TABLE carried.paid AS
SELECT k.item, e.pric, CAST(sum(e.n) AS BIGINT) AS n
FROM (SELECT hilist_code, pric, n FROM part.paid UNION ALL SELECT hilist_code, pric, -n AS n FROM cut.paid) e
JOIN item_key k ON k.hilist_code = e.hilist_code
GROUP BY k.item, e.pric;

CREATE TABLE carried.said AS
SELECT k.item, e.what, e.value, CAST(sum(e.n) AS BIGINT) AS n
FROM (SELECT hilist_code, what, value, n FROM part.said UNION ALL SELECT hilist_code, what, value, -n AS n FROM cut.said) e
JOIN item_key k ON k.hilist_code = e.hilist_code
GROUP BY k.item, e.what, e.value;

CREATE TABLE carried.lift AS
SELECT kind, class_name, tag, CAST(sum(n) AS BIGINT) AS n
FROM (SELECT kind, class_name, tag, n FROM part.lift UNION ALL SELECT kind, class_name, tag, -n AS n FROM cut.lift) e
GROUP BY kind, class_name, tag;

CREATE TABLE carried.visit AS
SELECT CAST(NULL AS INTEGER) AS setl_row, p.psn_row, i.inst_row, i.fixmedins_type, v.day, v.first_day, v.last_day,
    v.second_no, v.hour_no, v.inpatient, v.stay_id, v.mdtrt_cert_type, v.elsewhere, v.net_fen, v.drug_fen, v.fund_fen
FROM part.visit v
ANTI JOIN cut.settlement c ON c.setl_id = v.setl_id
JOIN whole.person p ON p.psn_no = v.psn_no
JOIN whole.institution i ON i.fixmedins_code = v.fixmedins_code;

CREATE TABLE carried.supply AS
SELECT p.psn_row, s.substance_name, s.day, s.days
FROM part.supply s
ANTI JOIN cut.prescription r ON r.rxno = s.rxno
ANTI JOIN cut.settlement c ON c.setl_id = s.setl_id
JOIN stage.rows_person p ON p.psn_no = s.psn_no;

CREATE TABLE carried.trace AS
SELECT t.drug_trac_codg, t.split
FROM part.trace t
SEMI JOIN stage.box b ON b.drug_trac_codg = t.drug_trac_codg
ANTI JOIN cut.settlement c ON c.setl_id = t.setl_id;

CREATE TABLE carried.rx AS
WITH kept AS (
    SELECT p.psn_row, x.dr_codg, x.fixmedins_code, x.day, x.second_no, x.amount_fen
    FROM part.rx x
    ANTI JOIN cut.prescription r ON r.rxno = x.rxno
    JOIN stage.rows_person p ON p.psn_no = x.psn_no
), elsewhere AS (
    -- Prescribers who are not met any more: numbers of their own, below all others.
    SELECT dr_codg, -CAST(row_number() OVER (ORDER BY dr_codg) AS INTEGER) AS dr_row
    FROM (SELECT DISTINCT dr_codg FROM kept) x ANTI JOIN dr_key d ON d.dr_codg = x.dr_codg
)
SELECT CAST(NULL AS INTEGER) AS rx_row, k.psn_row, coalesce(d.dr_row, e.dr_row) AS dr_row, i.inst_row, k.day, k.second_no,
    k.amount_fen
FROM kept k
JOIN whole.institution i ON i.fixmedins_code = k.fixmedins_code
LEFT JOIN dr_key d ON d.dr_codg = k.dr_codg
LEFT JOIN elsewhere e ON e.dr_codg = k.dr_codg;

CREATE TABLE carried.death AS
SELECT p.psn_row, CAST(sum(e.n) AS BIGINT) AS n
FROM (SELECT psn_no, n FROM part.death UNION ALL SELECT psn_no, -n AS n FROM cut.death) e
JOIN whole.person p ON p.psn_no = e.psn_no
GROUP BY p.psn_row;

CREATE TABLE carried.known AS SELECT DISTINCT need FROM part.known;
