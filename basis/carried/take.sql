-- What earlier months left behind, added to what the connection sees itself. Views ``part.*`` hold the months as each saw
-- itself, ``cut.*`` what of them belongs to the crossing, which the connection sees anew.
INSERT INTO history_line
WITH charged AS (
    SELECT p.psn_no, p.psn_row FROM whole.person p
    SEMI JOIN (SELECT psn_row FROM net WHERE in_quarter GROUP BY psn_row) q ON q.psn_row = p.psn_row
), quarter_rx AS (
    SELECT rxno FROM net_line WHERE in_quarter AND rxno IS NOT NULL GROUP BY rxno
), quarter_visit AS (
    SELECT mdtrt_id FROM net_line WHERE in_quarter GROUP BY mdtrt_id
)
SELECT NULL AS fee_row, NULL AS feedetl_sn, c.psn_row, coalesce(v.mdtrt_id, '') AS mdtrt_id,
    CASE WHEN l.rxno IS NOT NULL THEN coalesce(r.rxno, '') END AS rxno, l.hilist_code, l.list_type, l.in_stay, l.self_paid,
    l.approved, l.fee_ocur_time, l.day, l.net_cnt, l.days_written, l.days_lasting, FALSE AS in_quarter
FROM part.line l
JOIN charged c ON c.psn_no = l.psn_no
ANTI JOIN cut.settlement t ON t.setl_id = l.setl_id
LEFT JOIN quarter_rx r ON r.rxno = l.rxno
LEFT JOIN quarter_visit v ON v.mdtrt_id = l.mdtrt_id;

INSERT INTO history_stay
SELECT s.mdtrt_id, s.psn_no, s.fixmedins_code, s.began, s.ended
FROM part.stay s ANTI JOIN cut.settlement t ON t.setl_id = s.setl_id;

INSERT INTO history_stock
SELECT h.fixmedins_code, h.med_list_codg, sum(l.net_cnt) AS billed, max(l.fee_ocur_time) AS last_time
FROM part.line l
JOIN stock_since h ON h.fixmedins_code = l.fixmedins_code AND h.med_list_codg = l.hilist_code
ANTI JOIN cut.settlement t ON t.setl_id = l.setl_id
WHERE l.fee_ocur_time >= h.since
GROUP BY h.fixmedins_code, h.med_list_codg;

-- Only codes that the connection meets are asked for.
INSERT INTO kept_trace
SELECT p.drug_trac_codg, p.sold, p.returned, p.split
FROM part.trace p
SEMI JOIN (SELECT DISTINCT drug_trac_codg FROM past_trace) q ON q.drug_trac_codg = p.drug_trac_codg
ANTI JOIN cut.settlement t ON t.setl_id = p.setl_id;

INSERT INTO history_item
SELECT fixmedins_code, hilist_name, med_chrgitm_type, n FROM part.item
UNION ALL
SELECT fixmedins_code, hilist_name, med_chrgitm_type, -n AS n FROM cut.item;

INSERT INTO history_code
SELECT hilist_code, n FROM part.code UNION ALL SELECT hilist_code, -n AS n FROM cut.code;

INSERT INTO history_day
SELECT on_day, n FROM part.day UNION ALL SELECT on_day, -n AS n FROM cut.day;
