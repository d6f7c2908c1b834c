-- Who has a row. Prescription = the frame; person, practitioner, institution = whoever has an accepted
-- prescription, fee line or settlement in the quarter, refunded or not.
CREATE TABLE stage.moment AS
SELECT as_of, begin, CAST(as_of AS DATE) - DATE '1970-01-01' AS as_of_day,
    CAST(begin AS DATE) - DATE '1970-01-01' AS begin_day
FROM period;

CREATE TABLE stage.rows_prescription AS
SELECT rxno FROM frame;

CREATE TABLE stage.rows_person AS
SELECT psn_no FROM prescription WHERE prsc_time >= (SELECT begin FROM stage.moment)
UNION
SELECT psn_no FROM settlement WHERE setl_time >= (SELECT begin FROM stage.moment)
UNION
SELECT s.psn_no FROM fee_line f JOIN settlement s ON s.setl_id = f.setl_id
WHERE f.fee_ocur_time >= (SELECT begin FROM stage.moment);

CREATE TABLE stage.rows_practitioner AS
SELECT dr_codg FROM prescription WHERE prsc_time >= (SELECT begin FROM stage.moment)
UNION
SELECT bilg_dr_codg AS dr_codg FROM fee_line
WHERE bilg_dr_codg IS NOT NULL AND fee_ocur_time >= (SELECT begin FROM stage.moment);

CREATE TABLE stage.rows_institution AS
SELECT fixmedins_code FROM prescription WHERE prsc_time >= (SELECT begin FROM stage.moment)
UNION
SELECT fixmedins_code FROM settlement WHERE setl_time >= (SELECT begin FROM stage.moment)
UNION
SELECT s.fixmedins_code FROM fee_line f JOIN settlement s ON s.setl_id = f.setl_id
WHERE f.fee_ocur_time >= (SELECT begin FROM stage.moment);
