-- Findings of the review basis by family of item codes. A finding of a line belongs to the line's
-- prescription, one of a prescription to its person, prescriber and institution.
CREATE TABLE stage.found AS
WITH concerned AS (
    SELECT DISTINCT feedetl_sn FROM findings WHERE feedetl_sn IS NOT NULL
), of_line AS (
    SELECT f.feedetl_sn, f.fee_row FROM whole.fee_line f SEMI JOIN concerned c ON c.feedetl_sn = f.feedetl_sn
), line AS (
    SELECT l.feedetl_sn, n.rx_row, n.psn_row, n.bilg_row, n.inst_row FROM net n JOIN of_line l ON l.fee_row = n.fee_row
), placed AS (
    SELECT d.*, coalesce(d.rxno, CASE WHEN d.subject_type = 'prescription' THEN d.subject_code END) AS on_rxno,
        coalesce(d.psn_no, CASE WHEN d.subject_type = 'person' THEN d.subject_code END) AS on_psn_no,
        coalesce(d.dr_codg, CASE WHEN d.subject_type = 'practitioner' THEN d.subject_code END) AS on_dr_codg,
        coalesce(d.fixmedins_code, CASE WHEN d.subject_type = 'institution' THEN d.subject_code END) AS on_place
    FROM findings d
), keyed AS (
    SELECT p.rule_id, coalesce(x.rx_row, n.rx_row) AS rx_row, coalesce(q.psn_row, n.psn_row) AS psn_row,
        k.dr_row, n.bilg_row, i.inst_row, n.inst_row AS settling_row,
        p.result_type = 'definite' AS definite, CAST(coalesce(p.vola_amt, 0) AS DECIMAL(16, 2)) AS vola_amt,
        ' ' || replace(coalesce(p.item_codes, ''), ',', ' ') || ' ' AS items, coalesce(p.fund_codes, '') <> '' AS fund
    FROM placed p
    LEFT JOIN line n ON n.feedetl_sn = p.feedetl_sn
    LEFT JOIN rx x ON x.rxno = p.on_rxno
    LEFT JOIN person q ON q.psn_no = p.on_psn_no
    LEFT JOIN dr_key k ON k.dr_codg = p.on_dr_codg
    LEFT JOIN institution i ON i.fixmedins_code = p.on_place
)
SELECT p.rule_id, p.rx_row, coalesce(p.psn_row, r.psn_row) AS psn_row,
    coalesce(p.dr_row, r.dr_row, p.bilg_row) AS dr_row, coalesce(p.inst_row, r.inst_row, p.settling_row) AS inst_row,
    p.definite, p.vola_amt, p.items, p.fund
FROM keyed p LEFT JOIN rx r ON r.rx_row = p.rx_row;

CREATE TABLE stage.rx_finding AS
SELECT rx_row, CAST(count(*) AS INTEGER) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    CAST(count(CASE WHEN definite THEN 1 END) AS INTEGER) AS n_definite, sum(vola_amt) AS amount,
    CAST(count(CASE WHEN fund THEN 1 END) AS INTEGER) AS n_fund,
    CAST(count(CASE WHEN items LIKE '% 1-%' THEN 1 END) AS INTEGER) AS n_writing,
    CAST(count(CASE WHEN items LIKE '% 2-1 %' OR items LIKE '% 3-1 %' OR items LIKE '% 3-3 %' THEN 1 END)
        AS INTEGER) AS n_indication,
    CAST(count(CASE WHEN items LIKE '% 2-2 %' OR items LIKE '% 2-3 %' THEN 1 END) AS INTEGER) AS n_choice,
    CAST(count(CASE WHEN items LIKE '% 2-5 %' THEN 1 END) AS INTEGER) AS n_dosage,
    CAST(count(CASE WHEN items LIKE '% 2-6 %' OR items LIKE '% 2-7 %' OR items LIKE '% 2-8 %'
        OR items LIKE '% 3-4 %' THEN 1 END) AS INTEGER) AS n_combination,
    CAST(count(CASE WHEN items LIKE '% 2-4 %' OR items LIKE '% 3-2 %' THEN 1 END) AS INTEGER) AS n_cost
FROM stage.found WHERE rx_row IS NOT NULL GROUP BY rx_row;

CREATE TABLE stage.person_finding AS
SELECT psn_row, CAST(count(*) AS INTEGER) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    CAST(count(CASE WHEN definite THEN 1 END) AS INTEGER) AS n_definite, sum(vola_amt) AS amount,
    CAST(count(CASE WHEN fund THEN 1 END) AS INTEGER) AS n_fund
FROM stage.found WHERE psn_row IS NOT NULL GROUP BY psn_row;

CREATE TABLE stage.practitioner_finding AS
SELECT dr_row, count(*) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    count(CASE WHEN definite THEN 1 END) AS n_definite, sum(vola_amt) AS amount,
    count(CASE WHEN fund THEN 1 END) AS n_fund, count(DISTINCT rx_row) AS n_rx
FROM stage.found WHERE dr_row IS NOT NULL GROUP BY dr_row;

CREATE TABLE stage.institution_finding AS
SELECT inst_row, count(*) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    count(CASE WHEN definite THEN 1 END) AS n_definite, sum(vola_amt) AS amount,
    count(CASE WHEN fund THEN 1 END) AS n_fund, count(DISTINCT rx_row) AS n_rx
FROM stage.found WHERE inst_row IS NOT NULL GROUP BY inst_row;
