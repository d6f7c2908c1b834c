-- What one month leaves for the rules of later quarters, under the contract's own keys (records/sql/past.sql says what
-- each is). Counts of months add up; the other tables name the settlement that a row comes from, so that it can be
-- taken back when a later month changes it.
CREATE TABLE part.line AS
SELECT setl_id, psn_no, fixmedins_code, mdtrt_id, rxno, hilist_code, list_type, in_stay, self_paid, approved, fee_ocur_time, day,
    net_cnt, days_written, days_lasting
FROM past_line;

CREATE TABLE part.stay AS SELECT * FROM past_stay;

CREATE TABLE part.trace AS
SELECT f.setl_id, t.drug_trac_codg, CAST(sum(t.sold) AS BIGINT) AS sold, CAST(sum(t.returned) AS BIGINT) AS returned,
    max(t.split) AS split
FROM fee_line f JOIN past_trace t ON t.feedetl_sn = f.feedetl_sn
GROUP BY f.setl_id, t.drug_trac_codg;

CREATE TABLE part.item AS SELECT * FROM past_item;

CREATE TABLE part.code AS SELECT * FROM past_code;

CREATE TABLE part.day AS SELECT * FROM past_day;
