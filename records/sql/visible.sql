-- What was known before the as-of moment, table by table, under the contract's own names.
-- Source tables stand in schema "whole"; past_verdict and past_finding are left out on purpose: they are
-- labels, and nothing that is computed here may know them.
CREATE VIEW institution AS SELECT * FROM whole.institution;
CREATE VIEW practitioner AS SELECT * FROM whole.practitioner;
CREATE VIEW drug AS SELECT * FROM whole.drug;
CREATE VIEW service_item AS SELECT * FROM whole.service_item;
CREATE VIEW consortium_budget AS SELECT * FROM whole.consortium_budget;
CREATE VIEW clearing_pool AS SELECT * FROM whole.clearing_pool;
CREATE VIEW prepayment AS SELECT * FROM whole.prepayment;
CREATE VIEW person AS
SELECT * REPLACE (CASE WHEN dead_date < (SELECT as_of FROM period) THEN dead_date END AS dead_date)
FROM whole.person;
CREATE VIEW opsp_registration AS
SELECT * FROM whole.opsp_registration WHERE begndate < (SELECT as_of FROM period);
CREATE VIEW family_doctor AS
SELECT * FROM whole.family_doctor WHERE begndate < (SELECT as_of FROM period);
CREATE VIEW person_status AS
SELECT * FROM whole.person_status WHERE begndate < (SELECT as_of FROM period);
CREATE VIEW nego_stocking AS
SELECT * FROM whole.nego_stocking WHERE begndate < (SELECT as_of FROM period);
CREATE VIEW vbp_agreement AS
SELECT * FROM whole.vbp_agreement WHERE begndate < (SELECT as_of FROM period);
CREATE VIEW clue AS
SELECT * FROM whole.clue WHERE received_time < (SELECT as_of FROM period);
CREATE VIEW stock_record AS
SELECT * FROM whole.stock_record WHERE inv_time < (SELECT as_of FROM period);
CREATE VIEW settlement AS
SELECT * FROM whole.settlement WHERE setl_time < (SELECT as_of FROM period);
CREATE VIEW prescription AS
SELECT * REPLACE (
    CASE WHEN phar_chk_time < (SELECT as_of FROM period) THEN phar_chk_time END AS phar_chk_time)
FROM whole.prescription WHERE prsc_time < (SELECT as_of FROM period);
CREATE VIEW prescription_line AS
SELECT * FROM whole.prescription_line SEMI JOIN prescription USING (rxno);
CREATE VIEW fee_line AS
SELECT * FROM whole.fee_line SEMI JOIN settlement USING (setl_id)
WHERE fee_ocur_time < (SELECT as_of FROM period);
CREATE VIEW drug_trace AS
SELECT * FROM whole.drug_trace SEMI JOIN fee_line USING (feedetl_sn)
WHERE sel_retn_time < (SELECT as_of FROM period);
CREATE VIEW diagnosis AS
SELECT * FROM whole.diagnosis
SEMI JOIN (SELECT mdtrt_id FROM settlement UNION SELECT mdtrt_id FROM prescription) USING (mdtrt_id);
