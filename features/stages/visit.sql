-- Settlements that stand: no refund rows, none that was refunded in full. Grain: setl_row. Amounts in fen, net
-- of refunds; the fund's part shrinks in proportion.
CREATE TABLE stage.visit_open AS
WITH charged AS (
    SELECT setl_row, CAST(sum(net_fen) AS BIGINT) AS net_fen,
        CAST(sum(CASE WHEN is_drug THEN net_fen ELSE 0 END) AS BIGINT) AS drug_fen,
        CAST(sum(CASE WHEN list_type = 102 THEN net_fen ELSE 0 END) AS BIGINT) AS pieces_fen,
        CAST(sum(CASE WHEN self_paid THEN net_fen ELSE 0 END) AS BIGINT) AS selfpaid_fen
    FROM net GROUP BY setl_row
), lined AS (
    SELECT DISTINCT setl_row FROM turned_line
), reversed AS (
    SELECT DISTINCT orig_setl_id AS setl_id FROM settlement WHERE refd_setl_flag = 1
)
SELECT k.setl_row, k.psn_row, k.inst_row, k.fixmedins_type, k.day, k.first_day, k.last_day, k.second_no, k.hour_no,
    k.in_quarter, k.inpatient, k.stay_id, k.mdtrt_cert_type, k.elsewhere,
    coalesce(c.net_fen, k.fee_fen) AS net_fen,
    coalesce(c.drug_fen, 0) AS drug_fen, coalesce(c.pieces_fen, 0) AS pieces_fen,
    coalesce(c.selfpaid_fen, 0) AS selfpaid_fen,
    CAST(CASE WHEN k.fee_fen > 0 AND c.net_fen < k.fee_fen
            THEN floor(CAST(k.fund_fen AS DOUBLE) * c.net_fen / k.fee_fen)
         ELSE k.fund_fen END AS BIGINT) AS fund_fen
FROM setl k
LEFT JOIN charged c ON c.setl_row = k.setl_row
LEFT JOIN lined l ON l.setl_row = k.setl_row
LEFT JOIN reversed r ON r.setl_id = k.setl_id
WHERE NOT k.is_refund
  AND (c.setl_row IS NOT NULL OR (l.setl_row IS NULL AND r.setl_id IS NULL));

CREATE VIEW stage.visit AS
SELECT * FROM stage.visit_open
UNION ALL
SELECT setl_row, psn_row, inst_row, fixmedins_type, day, first_day, last_day, second_no, hour_no, FALSE AS in_quarter,
    inpatient, stay_id, mdtrt_cert_type, elsewhere, net_fen, drug_fen, 0 AS pieces_fen, 0 AS selfpaid_fen, fund_fen
FROM carried.visit;
