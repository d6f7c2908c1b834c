-- Settlements and prescriptions by month, and the first of what belongs together over a month's end.
CREATE TABLE setl_month AS
SELECT s.setl_id, s.orig_setl_id, date_trunc('month', s.setl_time)::TIMESTAMP AS month, p.dead_date
FROM whole.settlement s LEFT JOIN whole.person p ON p.psn_no = s.psn_no;

CREATE TABLE rx_month AS
SELECT rxno, mdtrt_id, date_trunc('month', prsc_time)::TIMESTAMP AS month FROM whole.prescription;

-- Lines settled in another month than their prescription was written in, or dated after their settlement's month.
CREATE TABLE crossing_line AS
SELECT DISTINCT f.setl_id, CASE WHEN r.month <> s.month THEN f.rxno END AS rxno
FROM whole.fee_line f
JOIN setl_month s ON s.setl_id = f.setl_id
LEFT JOIN rx_month r ON r.rxno = f.rxno
WHERE r.month <> s.month OR f.fee_ocur_time >= s.month + INTERVAL 1 MONTH;

CREATE TABLE crossing_setl AS
SELECT setl_id FROM crossing_line
UNION
SELECT unnest([r.setl_id, o.setl_id]) AS setl_id
FROM setl_month r JOIN setl_month o ON o.setl_id = r.orig_setl_id WHERE r.month <> o.month
UNION
SELECT s.setl_id
FROM whole.fee_line f
JOIN whole.drug_trace t ON t.feedetl_sn = f.feedetl_sn
JOIN setl_month s ON s.setl_id = f.setl_id
WHERE t.sel_retn_time >= s.month + INTERVAL 1 MONTH;

CREATE TABLE crossing_rx AS SELECT DISTINCT rxno FROM crossing_line WHERE rxno IS NOT NULL;
