-- A number for each month and table that changes with any of its rows: a sum of their hashes, so that neither
-- order nor other months matter. Lines after a death are counted besides, because deaths are registered late.
CREATE TABLE line_digest AS
SELECT s.month, t.hilist_code, sum(CAST($fee_line AS HUGEINT)) AS total,
    sum(CASE WHEN CAST(t.fee_ocur_time AS DATE) > s.dead_date THEN CAST(hash(t.feedetl_sn) AS HUGEINT) ELSE 0 END) AS late,
    min(t.fee_ocur_time) AS first_line, max(t.fee_ocur_time) AS last_line
FROM whole.fee_line t JOIN setl_month s ON s.setl_id = t.setl_id
GROUP BY s.month, t.hilist_code;

CREATE TABLE part_digest AS
SELECT date_trunc('month', t.setl_time)::TIMESTAMP AS month, 'settlement' AS part, sum(CAST($settlement AS HUGEINT)) AS total
FROM whole.settlement t LEFT JOIN whole.institution i ON i.fixmedins_code = t.fixmedins_code GROUP BY 1
UNION ALL
SELECT date_trunc('month', t.prsc_time)::TIMESTAMP AS month, 'prescription' AS part, sum(CAST($prescription AS HUGEINT)) AS total
FROM whole.prescription t LEFT JOIN whole.person p ON p.psn_no = t.psn_no GROUP BY 1
UNION ALL
SELECT month, 'fee_line' AS part, sum(total) AS total FROM line_digest GROUP BY month
UNION ALL
SELECT month, 'after death' AS part, sum(late) AS total FROM line_digest GROUP BY month
UNION ALL
SELECT r.month, 'prescription_line' AS part, sum(CAST($written_line AS HUGEINT)) AS total
FROM whole.prescription_line t JOIN rx_month r ON r.rxno = t.rxno GROUP BY r.month
UNION ALL
SELECT s.month, 'drug_trace' AS part, sum(CAST($trace AS HUGEINT)) AS total
FROM whole.fee_line f JOIN whole.drug_trace t ON t.feedetl_sn = f.feedetl_sn JOIN setl_month s ON s.setl_id = f.setl_id
GROUP BY s.month
UNION ALL
SELECT r.month, 'diagnosis' AS part, sum(CAST($diagnosis AS HUGEINT)) AS total
FROM whole.diagnosis t JOIN (SELECT DISTINCT mdtrt_id, month FROM rx_month) r ON r.mdtrt_id = t.mdtrt_id GROUP BY r.month
UNION ALL
SELECT u.month, 'drug' AS part, sum(CAST($drug AS HUGEINT)) AS total
FROM (
    SELECT month, hilist_code FROM line_digest
    UNION
    SELECT r.month, l.med_list_codg AS hilist_code FROM whole.prescription_line l JOIN rx_month r ON r.rxno = l.rxno
) u JOIN whole.drug t ON t.med_list_codg = u.hilist_code GROUP BY u.month
UNION ALL
SELECT l.month, 'service_item' AS part, sum(CAST($service_item AS HUGEINT)) AS total
FROM (SELECT DISTINCT month, hilist_code FROM line_digest) l JOIN whole.service_item t ON t.hilist_code = l.hilist_code
GROUP BY l.month;

CREATE TABLE month_digest AS
SELECT p.month AS begin, sha256(string_agg(p.part || ' ' || p.total, chr(10) ORDER BY p.part)) AS digest,
    min(l.first_line) AS first_line, max(l.last_line) AS last_line
FROM part_digest p
LEFT JOIN (SELECT month, min(first_line) AS first_line, max(last_line) AS last_line FROM line_digest GROUP BY month) l
    ON l.month = p.month
GROUP BY p.month;
