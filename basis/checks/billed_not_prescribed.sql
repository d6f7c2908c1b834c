-- The prescription's own lines are there and none is of the substance that was charged on it. Another product of a
-- prescribed substance may be dispensed; quantities are not compared, for their units are the prescriber's own.
WITH named AS (
    SELECT k.item, d.drug_genname, coalesce(d.atc_code, d.drug_genname) AS substance
    FROM item_key k JOIN drug d ON d.med_list_codg = k.hilist_code
), charged AS (
    SELECT n.fee_row, n.rx_row, s.drug_genname, s.substance
    FROM net n JOIN named s ON s.item = n.item SEMI JOIN prescribed w ON w.rx_row = n.rx_row WHERE n.in_quarter
), asked AS (
    SELECT DISTINCT p.rx_row, s.substance FROM prescribed p JOIN named s ON s.item = p.item
), unasked AS (
    SELECT c.fee_row, c.drug_genname FROM charged c ANTI JOIN asked a ON a.rx_row = c.rx_row AND a.substance = c.substance
)
SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    n.rxno AS subject_code, n.stake_amt AS amount, {'drug': u.drug_genname} AS facts
FROM unasked u JOIN net_line n ON n.fee_row = u.fee_row
