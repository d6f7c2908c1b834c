-- Settlements that stand: no refund rows, none that was refunded in full. Grain: setl_id. Amounts in fen, net
-- of refunds; the fund's part shrinks in proportion.
CREATE TABLE stage.visit AS
WITH charged AS (
    SELECT setl_id, count(*) AS n_lines, CAST(sum(net_amt) * 100 AS BIGINT) AS net_fen,
        CAST(sum(CASE WHEN list_type IN ('101', '102', '103', '104') THEN net_amt ELSE 0 END) * 100 AS BIGINT)
            AS drug_fen,
        CAST(sum(CASE WHEN list_type = '102' THEN net_amt ELSE 0 END) * 100 AS BIGINT) AS pieces_fen,
        CAST(sum(CASE WHEN chrgitm_lv = '03' THEN net_amt ELSE 0 END) * 100 AS BIGINT) AS selfpaid_fen
    FROM net_line GROUP BY setl_id
), lined AS (
    SELECT DISTINCT setl_id FROM fee_line
), reversed AS (
    SELECT DISTINCT orig_setl_id AS setl_id FROM settlement WHERE refd_setl_flag = 1
)
SELECT s.setl_id, s.mdtrt_id, s.psn_no, s.fixmedins_code, s.med_type, i.fixmedins_type,
    CAST(CAST(s.setl_time AS DATE) - DATE '1970-01-01' AS INTEGER) AS day,
    CAST(CAST(s.begndate AS DATE) - DATE '1970-01-01' AS INTEGER) AS first_day,
    CAST(CAST(s.enddate AS DATE) - DATE '1970-01-01' AS INTEGER) AS last_day,
    CAST(CAST(s.setl_time AS DATE) - DATE '1970-01-01' AS BIGINT) * 86400
        + hour(s.setl_time) * 3600 + minute(s.setl_time) * 60 + second(s.setl_time) AS second_no,
    CAST(hour(s.setl_time) AS INTEGER) AS hour_no,
    s.setl_time >= (SELECT begin FROM stage.moment) AS in_quarter,
    s.med_type LIKE '2%' OR s.med_type LIKE '52%' AS inpatient,
    s.mdtrt_cert_type, s.insu_admdvs <> i.admdvs AND substr(s.insu_admdvs, 1, 4) <> substr(i.admdvs, 1, 4)
        AS elsewhere,
    coalesce(c.n_lines, 0) AS n_lines,
    coalesce(c.net_fen, CAST(s.medfee_sumamt * 100 AS BIGINT)) AS net_fen,
    coalesce(c.drug_fen, 0) AS drug_fen, coalesce(c.pieces_fen, 0) AS pieces_fen,
    coalesce(c.selfpaid_fen, 0) AS selfpaid_fen,
    CAST(CASE WHEN s.medfee_sumamt > 0 AND c.net_fen < CAST(s.medfee_sumamt * 100 AS BIGINT)
            THEN floor(CAST(s.fund_pay_sumamt * 100 AS DOUBLE) * c.net_fen / CAST(s.medfee_sumamt * 100 AS BIGINT))
         ELSE CAST(s.fund_pay_sumamt * 100 AS BIGINT) END AS BIGINT) AS fund_fen
FROM settlement s
JOIN institution i ON i.fixmedins_code = s.fixmedins_code
LEFT JOIN charged c ON c.setl_id = s.setl_id
LEFT JOIN lined l ON l.setl_id = s.setl_id
LEFT JOIN reversed r ON r.setl_id = s.setl_id
WHERE s.refd_setl_flag = 0
  AND (c.setl_id IS NOT NULL OR (l.setl_id IS NULL AND r.setl_id IS NULL));
