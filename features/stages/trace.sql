-- Drug boxes settled more than once. A code counts when it was never a split pack and stands, net of returns,
-- on two or more fee lines that themselves stand net of refunds. Grain: fee_row.
CREATE TABLE stage.traced AS
WITH code AS (
    SELECT drug_trac_codg, count(*) AS n_lines, max(split) AS split FROM (
        SELECT drug_trac_codg, split FROM stage.box UNION ALL SELECT drug_trac_codg, split FROM carried.trace
    ) AS every GROUP BY drug_trac_codg
)
SELECT s.fee_row, count(*) AS n_codes,
    count(CASE WHEN c.split = 0 AND c.n_lines >= 2 THEN 1 END) AS n_reused
FROM stage.box s JOIN code c ON c.drug_trac_codg = s.drug_trac_codg
GROUP BY s.fee_row;

-- The same by prescription and whom it concerns. Grain: rx_row (null without one), psn_row, inst_row, dr_row.
CREATE TABLE stage.traced_line AS
SELECT n.rx_row, n.psn_row, n.inst_row, n.dr_row, count(*) AS n_lines,
    count(CASE WHEN t.fee_row IS NULL THEN 1 END) AS n_untraced,
    CAST(sum(coalesce(t.n_reused, 0)) AS BIGINT) AS n_reused
FROM net n
LEFT JOIN stage.traced t ON t.fee_row = n.fee_row
WHERE n.in_quarter AND n.list_type = 101
GROUP BY n.rx_row, n.psn_row, n.inst_row, n.dr_row;

CREATE TABLE stage.rx_trace AS
SELECT rx_row, CAST(sum(n_reused) AS INTEGER) AS n_reused, CAST(sum(n_untraced) AS INTEGER) AS n_untraced,
    CAST(sum(n_lines) AS BIGINT) AS n_lines
FROM stage.traced_line WHERE rx_row IS NOT NULL GROUP BY rx_row;

CREATE TABLE stage.person_trace AS
SELECT psn_row, CAST(sum(n_reused) AS INTEGER) AS n_reused, CAST(sum(n_lines) AS BIGINT) AS n_lines
FROM stage.traced_line GROUP BY psn_row;

CREATE TABLE stage.practitioner_trace AS
SELECT dr_row, CAST(sum(n_reused) AS INTEGER) AS n_reused, CAST(sum(n_lines) AS BIGINT) AS n_lines
FROM stage.traced_line WHERE dr_row IS NOT NULL GROUP BY dr_row;

CREATE TABLE stage.institution_trace AS
SELECT inst_row, CAST(sum(n_reused) AS INTEGER) AS n_reused, CAST(sum(n_lines) AS BIGINT) AS n_lines,
    CAST(sum(n_untraced) AS BIGINT) AS n_untraced
FROM stage.traced_line GROUP BY inst_row;
