-- Who has a row. Prescription = the frame; person, practitioner, institution = whoever has an accepted
-- prescription, fee line or settlement in the quarter, refunded or not.
CREATE TABLE stage.moment AS
SELECT as_of, begin, CAST(as_of AS DATE) - DATE '1970-01-01' AS as_of_day,
    CAST(begin AS DATE) - DATE '1970-01-01' AS begin_day
FROM period;

CREATE TABLE stage.rows_prescription AS
SELECT rx_row, rxno FROM rx WHERE in_quarter;

CREATE TABLE stage.rows_person AS
WITH present AS (
    SELECT psn_row FROM rx WHERE in_quarter
    UNION
    SELECT psn_row FROM unbilled WHERE in_quarter
    UNION
    SELECT psn_row FROM setl WHERE in_quarter
    UNION
    SELECT psn_row FROM net WHERE in_quarter AND NOT settled_in_quarter
    UNION
    SELECT psn_row FROM turned_line WHERE fee_ocur_time >= (SELECT begin FROM stage.moment)
)
SELECT p.psn_row, p.psn_no FROM person p SEMI JOIN present w ON w.psn_row = p.psn_row;

CREATE TABLE stage.rows_practitioner AS
WITH present AS (
    SELECT dr_row FROM rx WHERE in_quarter
    UNION
    SELECT dr_row FROM unbilled WHERE in_quarter
    UNION
    SELECT bilg_row AS dr_row FROM net WHERE in_quarter
    UNION
    SELECT k.dr_row FROM turned_line t JOIN dr_key k ON k.dr_codg = t.bilg_dr_codg
    WHERE t.fee_ocur_time >= (SELECT begin FROM stage.moment)
)
SELECT k.dr_row, k.dr_codg FROM dr_key k SEMI JOIN present w ON w.dr_row = k.dr_row;

CREATE TABLE stage.rows_institution AS
WITH present AS (
    SELECT inst_row FROM rx WHERE in_quarter
    UNION
    SELECT inst_row FROM unbilled WHERE in_quarter
    UNION
    SELECT inst_row FROM setl WHERE in_quarter
    UNION
    SELECT inst_row FROM net WHERE in_quarter AND NOT settled_in_quarter
    UNION
    SELECT inst_row FROM turned_line WHERE fee_ocur_time >= (SELECT begin FROM stage.moment)
)
SELECT i.inst_row, i.fixmedins_code FROM institution i SEMI JOIN present w ON w.inst_row = i.inst_row;
