-- What one month leaves for those after it, under the contract's own keys. Counts of months add up; the other
-- tables name the settlement or prescription that a row comes from, so that it can be taken back when a later
-- month changes it.
CREATE TABLE part.paid AS
SELECT k.hilist_code, p.pric, p.n FROM stage.paid p JOIN item_key k ON k.item = p.item;

CREATE TABLE part.said AS
SELECT k.hilist_code, s.what, s.value, s.n FROM stage.said s JOIN item_key k ON k.item = s.item;

CREATE TABLE part.lift AS
SELECT c.kind, coalesce(m.class_name, '') AS class_name, c.tag, c.n
FROM stage.lift_count c LEFT JOIN (SELECT DISTINCT class4, class_name FROM stage.medicine) m ON m.class4 = c.class4;

CREATE TABLE part.visit AS
SELECT s.setl_id, p.psn_no, i.fixmedins_code, v.day, v.first_day, v.last_day, v.second_no, v.hour_no, v.inpatient, v.stay_id,
    v.mdtrt_cert_type, v.elsewhere, v.net_fen, v.drug_fen, v.fund_fen
FROM stage.visit v
JOIN setl s ON s.setl_row = v.setl_row
JOIN person p ON p.psn_row = v.psn_row
JOIN institution i ON i.inst_row = v.inst_row;

CREATE TABLE part.supply AS
SELECT r.rxno, l.setl_id, p.psn_no, m.substance_name, s.day, s.days
FROM stage.supply s
JOIN (SELECT DISTINCT substance, substance_name FROM stage.medicine) m ON m.substance = s.substance
JOIN person p ON p.psn_row = s.psn_row
LEFT JOIN rx r ON r.rx_row = s.rx_row
LEFT JOIN (
    SELECT n.fee_row, t.setl_id FROM net n JOIN setl t ON t.setl_row = n.setl_row WHERE n.rx_row IS NULL AND n.is_drug
) l ON l.fee_row = s.bought_row;

CREATE TABLE part.trace AS
SELECT t.setl_id, b.drug_trac_codg, b.split
FROM net n JOIN stage.box b ON b.fee_row = n.fee_row JOIN setl t ON t.setl_row = n.setl_row;

CREATE TABLE part.rx AS
SELECT r.rxno, p.psn_no, d.dr_codg, i.fixmedins_code, r.day, r.second_no, r.amount_fen
FROM rx r
JOIN person p ON p.psn_row = r.psn_row
JOIN dr_key d ON d.dr_row = r.dr_row
JOIN institution i ON i.inst_row = r.inst_row;

CREATE TABLE part.death AS
SELECT p.psn_no, d.n FROM stage.died_before d JOIN person p ON p.psn_row = d.psn_row;

CREATE TABLE part.known AS SELECT need FROM stage.known WHERE known;
