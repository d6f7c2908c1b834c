-- The time before the quarter for rules: what the connection sees of it itself (past.sql). Where months are kept, it sees
-- little of it, and what they hold is added to these tables (basis/carried/take.sql).

-- Of persons who were charged anything in the quarter: its lines and all earlier ones. For a line of a kept month fee_row
-- and feedetl_sn are null, and rxno and mdtrt_id are empty where no line of the quarter has them.
CREATE TABLE history_line AS
SELECT l.fee_row, l.feedetl_sn, l.psn_row, l.mdtrt_id, l.rxno, l.hilist_code, l.list_type, l.in_stay, l.self_paid, l.approved,
    l.fee_ocur_time, l.day, l.net_cnt, l.days_written, l.days_lasting, l.in_quarter
FROM past_line l
SEMI JOIN (SELECT psn_row FROM net WHERE in_quarter GROUP BY psn_row) p ON p.psn_row = l.psn_row;

CREATE TABLE history_stay AS SELECT mdtrt_id, psn_no, fixmedins_code, began, ended FROM past_stay;

-- The main disease of those stays, three characters. Grain: mdtrt_id.
CREATE VIEW stay_disease AS
SELECT g.mdtrt_id, min(substr(g.diag_code, 1, 3)) AS main FROM whole.diagnosis g
SEMI JOIN history_stay s ON s.mdtrt_id = g.mdtrt_id WHERE g.maindiag_flag = 1 GROUP BY g.mdtrt_id;

-- From when on a place's stock of a drug can be followed: its last count before the quarter, or the first one in it.
CREATE TABLE stock_since AS
SELECT fixmedins_code, med_list_codg, coalesce(
    max(CASE WHEN inv_time < (SELECT begin FROM period) THEN inv_time END), min(inv_time)) AS since
FROM stock_record WHERE inv_data_type = '3501' GROUP BY fixmedins_code, med_list_codg;

-- What was billed of it since then, in parts: sums add up.
CREATE TABLE history_stock AS
SELECT h.fixmedins_code, h.med_list_codg, sum(n.net_cnt) AS billed, max(n.fee_ocur_time) AS last_time
FROM net_line n JOIN stock_since h ON h.fixmedins_code = n.fixmedins_code AND h.med_list_codg = n.hilist_code
WHERE n.fee_ocur_time >= h.since GROUP BY h.fixmedins_code, h.med_list_codg;

CREATE TABLE history_item AS SELECT * FROM past_item;

CREATE TABLE history_code AS SELECT * FROM past_code;

CREATE TABLE history_day AS SELECT * FROM past_day;

-- Of trace codes only what kept months hold: what the connection sees itself is read where it stands.
CREATE TABLE kept_trace AS SELECT drug_trac_codg, sold, returned, split FROM past_trace WHERE FALSE;
