-- Paid drug lines that name a prescription of the quarter but no drug that was prescribed on it. Only
-- prescriptions whose prescribed lines are on record. Grain: rxno.
CREATE TABLE stage.rx_billed AS
WITH prescribed AS (
    SELECT DISTINCT rxno, med_list_codg FROM prescription_line
), recorded AS (
    SELECT DISTINCT rxno FROM prescribed
)
SELECT n.rxno, r.dr_codg, r.fixmedins_code, r.psn_no, count(*) AS n_paid,
    CAST(count(CASE WHEN p.rxno IS NULL THEN 1 END) AS INTEGER) AS n_other,
    CAST(sum(CASE WHEN p.rxno IS NULL THEN n.net_amt ELSE 0 END) * 100 AS BIGINT) AS other_fen
FROM net_line n
JOIN recorded o ON o.rxno = n.rxno
JOIN stage.rx r ON r.rxno = n.rxno AND r.in_quarter
LEFT JOIN prescribed p ON p.rxno = n.rxno AND p.med_list_codg = n.hilist_code
WHERE n.list_type IN ('101', '102', '103', '104')
GROUP BY n.rxno, r.dr_codg, r.fixmedins_code, r.psn_no;
