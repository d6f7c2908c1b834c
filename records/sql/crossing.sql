-- The crossing's rows, each with the month it belongs to.
CREATE SCHEMA crossing;
CREATE VIEW crossing.settlement AS
SELECT t.*, s.month, o.month AS orig_month
FROM whole.settlement t
SEMI JOIN crossing_setl c ON c.setl_id = t.setl_id
JOIN setl_month s ON s.setl_id = t.setl_id
LEFT JOIN setl_month o ON o.setl_id = t.orig_setl_id;

CREATE VIEW crossing.prescription AS
SELECT t.*, r.month
FROM whole.prescription t SEMI JOIN crossing_rx c ON c.rxno = t.rxno JOIN rx_month r ON r.rxno = t.rxno;

CREATE TABLE crossing.fee_line AS
SELECT t.*, s.month, r.month AS rx_month
FROM whole.fee_line t
SEMI JOIN crossing_setl c ON c.setl_id = t.setl_id
JOIN setl_month s ON s.setl_id = t.setl_id
LEFT JOIN rx_month r ON r.rxno = t.rxno;

CREATE VIEW crossing.prescription_line AS
SELECT t.*, r.month
FROM whole.prescription_line t SEMI JOIN crossing_rx c ON c.rxno = t.rxno JOIN rx_month r ON r.rxno = t.rxno;

CREATE VIEW crossing.drug_trace AS
SELECT t.*, f.month
FROM whole.drug_trace t JOIN crossing.fee_line f ON f.feedetl_sn = t.feedetl_sn;

CREATE VIEW crossing.diagnosis AS
SELECT t.* FROM whole.diagnosis t
SEMI JOIN (SELECT mdtrt_id FROM crossing.prescription) r ON r.mdtrt_id = t.mdtrt_id;
