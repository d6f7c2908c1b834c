-- One step: prescriptions of the crossing's settlements, settlements of its prescriptions, refunds either way.
CREATE OR REPLACE TABLE crossing_rx AS
SELECT rxno FROM crossing_rx
UNION
SELECT f.rxno FROM whole.fee_line f SEMI JOIN crossing_setl c ON c.setl_id = f.setl_id SEMI JOIN rx_month r ON r.rxno = f.rxno;

CREATE OR REPLACE TABLE crossing_setl AS
SELECT setl_id FROM crossing_setl
UNION
SELECT f.setl_id FROM whole.fee_line f SEMI JOIN crossing_rx c ON c.rxno = f.rxno SEMI JOIN setl_month s ON s.setl_id = f.setl_id
UNION
SELECT r.setl_id FROM setl_month r SEMI JOIN crossing_setl c ON c.setl_id = r.orig_setl_id
UNION
SELECT o.setl_id FROM setl_month o
SEMI JOIN (SELECT r.orig_setl_id FROM setl_month r SEMI JOIN crossing_setl c ON c.setl_id = r.setl_id) b ON b.orig_setl_id = o.setl_id;
