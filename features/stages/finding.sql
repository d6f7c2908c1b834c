-- Findings of the review basis by family of item codes. A finding of a line belongs to the line's prescription.
CREATE TABLE stage.found AS
SELECT d.rule_id, coalesce(d.rxno, n.rxno) AS rxno, d.feedetl_sn, d.subject_type, d.subject_code,
    coalesce(d.psn_no, n.psn_no) AS psn_no, coalesce(d.dr_codg, n.bilg_dr_codg) AS dr_codg,
    coalesce(d.fixmedins_code, n.fixmedins_code) AS fixmedins_code,
    d.result_type = 'definite' AS definite, CAST(coalesce(d.vola_amt, 0) AS DECIMAL(16, 2)) AS vola_amt,
    ' ' || coalesce(d.item_codes, '') || ' ' AS items, coalesce(d.fund_codes, '') <> '' AS fund
FROM findings d LEFT JOIN net_line n ON n.feedetl_sn = d.feedetl_sn;

CREATE TABLE stage.rx_finding AS
SELECT rxno, CAST(count(*) AS INTEGER) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
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
FROM stage.found WHERE rxno IS NOT NULL GROUP BY rxno;

CREATE TABLE stage.person_finding AS
SELECT psn_no, CAST(count(*) AS INTEGER) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    CAST(count(CASE WHEN definite THEN 1 END) AS INTEGER) AS n_definite, sum(vola_amt) AS amount,
    CAST(count(CASE WHEN fund THEN 1 END) AS INTEGER) AS n_fund
FROM stage.found WHERE psn_no IS NOT NULL GROUP BY psn_no;

CREATE TABLE stage.practitioner_finding AS
SELECT dr_codg, count(*) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    count(CASE WHEN definite THEN 1 END) AS n_definite, sum(vola_amt) AS amount,
    count(CASE WHEN fund THEN 1 END) AS n_fund, count(DISTINCT rxno) AS n_rx
FROM stage.found WHERE dr_codg IS NOT NULL GROUP BY dr_codg;

CREATE TABLE stage.institution_finding AS
SELECT fixmedins_code, count(*) AS n_findings, CAST(count(DISTINCT rule_id) AS INTEGER) AS n_rules,
    count(CASE WHEN definite THEN 1 END) AS n_definite, sum(vola_amt) AS amount,
    count(CASE WHEN fund THEN 1 END) AS n_fund, count(DISTINCT rxno) AS n_rx
FROM stage.found WHERE fixmedins_code IS NOT NULL GROUP BY fixmedins_code;
