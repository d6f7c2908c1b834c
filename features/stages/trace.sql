-- Drug boxes settled more than once. A code counts when it was never a split pack and stands, net of returns,
-- on two or more fee lines that themselves stand net of refunds. Grain: feedetl_sn.
CREATE TABLE stage.traced AS
WITH box AS (
    SELECT drug_trac_codg, feedetl_sn, max(trdn_flag) AS split, sum(sel_retn_cnt) AS kept
    FROM drug_trace GROUP BY drug_trac_codg, feedetl_sn
), standing AS (
    SELECT b.drug_trac_codg, b.feedetl_sn, b.split
    FROM box b JOIN net_line n ON n.feedetl_sn = b.feedetl_sn
    WHERE b.kept > 0
), code AS (
    SELECT drug_trac_codg, count(*) AS n_lines, max(split) AS split FROM standing GROUP BY drug_trac_codg
)
SELECT s.feedetl_sn, count(*) AS n_codes,
    count(CASE WHEN c.split = 0 AND c.n_lines >= 2 THEN 1 END) AS n_reused
FROM standing s JOIN code c ON c.drug_trac_codg = s.drug_trac_codg
GROUP BY s.feedetl_sn;

CREATE TABLE stage.traced_line AS
SELECT n.feedetl_sn, n.rxno, n.psn_no, n.fixmedins_code, coalesce(r.dr_codg, n.bilg_dr_codg) AS dr_codg,
    t.n_codes, coalesce(t.n_reused, 0) AS n_reused, CAST(n.net_amt * 100 AS BIGINT) AS net_fen
FROM net_line n
LEFT JOIN stage.traced t ON t.feedetl_sn = n.feedetl_sn
LEFT JOIN stage.rx r ON r.rxno = n.rxno
WHERE n.in_quarter AND n.list_type = '101';

CREATE TABLE stage.rx_trace AS
SELECT rxno, CAST(sum(n_reused) AS INTEGER) AS n_reused,
    CAST(count(CASE WHEN n_codes IS NULL THEN 1 END) AS INTEGER) AS n_untraced, count(*) AS n_lines
FROM stage.traced_line WHERE rxno IS NOT NULL GROUP BY rxno;

CREATE TABLE stage.person_trace AS
SELECT psn_no, CAST(sum(n_reused) AS INTEGER) AS n_reused, count(*) AS n_lines
FROM stage.traced_line GROUP BY psn_no;

CREATE TABLE stage.practitioner_trace AS
SELECT dr_codg, CAST(sum(n_reused) AS INTEGER) AS n_reused, count(*) AS n_lines
FROM stage.traced_line WHERE dr_codg IS NOT NULL GROUP BY dr_codg;

CREATE TABLE stage.institution_trace AS
SELECT fixmedins_code, CAST(sum(n_reused) AS INTEGER) AS n_reused, count(*) AS n_lines,
    count(CASE WHEN n_codes IS NULL THEN 1 END) AS n_untraced
FROM stage.traced_line GROUP BY fixmedins_code;
