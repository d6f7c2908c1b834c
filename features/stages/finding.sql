-- Findings of the review basis by family of item codes. A finding of a line belongs to the line's
-- prescription, one of a prescription to its person, prescriber and institution.
CREATE TABLE stage.found AS
WITH placed AS (
    SELECT d.rule_id, d.subject_type, d.subject_code, d.result_type, d.vola_amt, d.item_codes, d.fund_codes,
        coalesce(d.rxno, CASE WHEN d.subject_type = 'prescription' THEN d.subject_code END, n.rxno) AS rxno,
        coalesce(d.psn_no, CASE WHEN d.subject_type = 'person' THEN d.subject_code END, n.psn_no) AS psn_no,
        coalesce(d.dr_codg, CASE WHEN d.subject_type = 'practitioner' THEN d.subject_code END) AS dr_codg,
        n.bilg_dr_codg,
        coalesce(d.fixmedins_code, CASE WHEN d.subject_type = 'institution' THEN d.subject_code END)
            AS fixmedins_code, n.fixmedins_code AS settling_code
    FROM findings d LEFT JOIN net_line n ON n.feedetl_sn = d.feedetl_sn
)
SELECT p.rule_id, p.rxno, coalesce(p.psn_no, r.psn_no) AS psn_no,
    coalesce(p.dr_codg, r.dr_codg, p.bilg_dr_codg) AS dr_codg,
    coalesce(p.fixmedins_code, r.fixmedins_code, p.settling_code) AS fixmedins_code,
    p.result_type = 'definite' AS definite, CAST(coalesce(p.vola_amt, 0) AS DECIMAL(16, 2)) AS vola_amt,
    ' ' || replace(coalesce(p.item_codes, ''), ',', ' ') || ' ' AS items, coalesce(p.fund_codes, '') <> '' AS fund
FROM placed p LEFT JOIN stage.rx r ON r.rxno = p.rxno;

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
