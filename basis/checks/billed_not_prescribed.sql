-- The prescription's own lines are there and none is of the substance that was charged on it. Another product of a
-- prescribed substance may be dispensed; quantities are not compared, for their units are the prescriber's own.
WITH charged AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt,
        d.drug_genname, coalesce(d.atc_code, d.drug_genname) AS substance
    FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code WHERE n.in_quarter AND n.rxno IS NOT NULL
), asked AS (
    SELECT DISTINCT p.rxno, coalesce(d.atc_code, d.drug_genname) AS substance
    FROM prescription_line p JOIN drug d ON d.med_list_codg = p.med_list_codg
), written AS (
    SELECT DISTINCT rxno FROM prescription_line
)
SELECT c.rxno, c.setl_id, c.feedetl_sn, c.psn_no, c.fixmedins_code, c.bilg_dr_codg AS dr_codg, c.fee_ocur_time,
    c.rxno AS subject_code, c.stake_amt AS amount, {'drug': c.drug_genname} AS facts
FROM charged c SEMI JOIN written w ON w.rxno = c.rxno
ANTI JOIN asked a ON a.rxno = c.rxno AND a.substance = c.substance
