-- Fee lines net of refunds. A refund settlement names the settlement it reverses; its lines have negative
-- quantities and are set against the lines of that settlement, item by item, the newest line number first.
-- A negative line inside an ordinary settlement is a correction of that same settlement.
-- Few settlements are touched by either: all lines of those.
CREATE TABLE turned_line AS
WITH turned AS (
    SELECT setl_id FROM settlement WHERE refd_setl_flag = 1
    UNION
    SELECT orig_setl_id AS setl_id FROM settlement WHERE refd_setl_flag = 1 AND orig_setl_id IS NOT NULL
    UNION
    SELECT setl_id FROM whole.fee_line WHERE cnt <= 0 AND fee_ocur_time < (SELECT as_of FROM period)
), line AS (
    SELECT f.fee_row, f.setl_id, f.hilist_code, f.rxno, f.cnt, f.fee_ocur_time, f.bilg_dr_codg
    FROM whole.fee_line f SEMI JOIN turned t ON t.setl_id = f.setl_id
    WHERE f.fee_ocur_time < (SELECT as_of FROM period)
)
SELECT l.fee_row, l.setl_id, l.hilist_code, l.rxno, l.cnt, l.fee_ocur_time, l.bilg_dr_codg,
    s.setl_row, s.psn_row, s.inst_row, s.is_refund
FROM line l JOIN setl s ON s.setl_id = l.setl_id;

CREATE TEMP TABLE reversal AS
SELECT setl_id, orig_setl_id FROM settlement WHERE refd_setl_flag = 1 AND orig_setl_id IS NOT NULL;

-- What came back, by the settlement it came back from.
CREATE TEMP TABLE refund_line AS
SELECT coalesce(r.orig_setl_id, f.setl_id) AS setl_id, f.hilist_code, f.rxno, -f.cnt AS back
FROM turned_line f LEFT JOIN reversal r ON r.setl_id = f.setl_id
WHERE f.cnt < 0;

-- A refund that lists no lines reverses the whole settlement.
CREATE TEMP TABLE reversed_whole AS
SELECT DISTINCT r.orig_setl_id AS setl_id
FROM reversal r ANTI JOIN turned_line f ON f.setl_id = r.setl_id;

-- A refund line without a prescription number belongs to the prescription that charged the item.
CREATE TEMP TABLE refund_pool AS
WITH sole AS (
    SELECT setl_id, hilist_code, min(rxno) AS rxno FROM turned_line WHERE NOT is_refund AND cnt > 0
    GROUP BY setl_id, hilist_code
), placed AS (
    SELECT r.setl_id, r.hilist_code, coalesce(r.rxno, sole.rxno, '') AS rx, r.back
    FROM refund_line r LEFT JOIN sole ON sole.setl_id = r.setl_id AND sole.hilist_code = r.hilist_code
)
SELECT setl_id, hilist_code, rx, sum(back) AS back FROM placed GROUP BY setl_id, hilist_code, rx;

CREATE TEMP TABLE refunded AS
SELECT c.fee_row,
    CAST(CASE WHEN w.setl_id IS NOT NULL THEN c.cnt
         ELSE least(c.cnt, greatest(0, coalesce(p.back, 0) - coalesce(sum(c.cnt) OVER (
            PARTITION BY c.setl_id, c.hilist_code, coalesce(c.rxno, '')
            ORDER BY c.fee_row DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)))
    END AS DECIMAL(16, 4)) AS refunded_cnt
FROM turned_line c
LEFT JOIN reversed_whole w ON w.setl_id = c.setl_id
LEFT JOIN refund_pool p
    ON p.setl_id = c.setl_id AND p.hilist_code = c.hilist_code AND p.rx = coalesce(c.rxno, '')
WHERE NOT c.is_refund AND c.cnt > 0;

-- The lines that stand, in short. Grain: fee_row. Fund money at stake in a line: its in-scope amount times the
-- share of the settlement's in-scope amount that the fund paid; nothing for a self-paid line or a settlement
-- that is not paid by item. In whole fen, half up. other_name: whether the institution's own name of a drug
-- and the catalogue's say different things; null without either. dr_row: who prescribed, else who ordered.
CREATE TABLE net AS
WITH charged AS (
    SELECT f.fee_row, s.setl_row, x.rx_row, s.psn_row, s.inst_row, q.dr_row AS bilg_row,
        coalesce(x.dr_row, q.dr_row) AS dr_row, x.in_quarter AS rx_in_quarter, k.item,
        CAST(f.list_type AS SMALLINT) AS list_type, f.rx_line_no, f.fee_ocur_time, f.cnt, f.pric,
        coalesce(r.refunded_cnt, 0) AS refunded_cnt,
        CAST(CASE WHEN r.refunded_cnt > 0 THEN CAST(round(CAST(f.cnt - r.refunded_cnt AS DECIMAL(18, 4)) * f.pric, 2)
                AS DECIMAL(16, 2))
             ELSE f.det_item_fee_sumamt END * 100 AS BIGINT) AS net_fen,
        f.chrgitm_lv = '03' AS self_paid,
        CAST(CASE WHEN NOT s.by_item THEN 0
             WHEN coalesce(f.chrgitm_lv, k.chrgitm_lv) = '03' THEN 1
             WHEN f.inscp_scp_amt IS NOT NULL AND s.scope_fen > 0 THEN 2
             WHEN s.fee_fen > 0 THEN 3
             ELSE 4 END AS SMALLINT) AS method,
        f.inscp_scp_amt, s.scope_fen, s.fund_fen, s.fee_fen, s.in_quarter AS settled_in_quarter,
        single_dose(f.sin_doscnt, u.kind, u.factor, k.strength, k.strength_kind, k.strength_factor) AS single_dose,
        f.sin_doscnt IS NOT NULL AS dose_written, f.used_frqu_codg IS NOT NULL AS frequency_written,
        e.per_day, f.prd_days,
        CASE WHEN k.drug_genname IS NULL OR f.medins_list_name IS NULL THEN NULL
             ELSE f.medins_list_name <> f.hilist_name AND strpos(f.medins_list_name, k.drug_genname) = 0
                AND strpos(f.hilist_name, f.medins_list_name) = 0 END AS other_name
    FROM whole.fee_line f
    JOIN setl s ON s.setl_id = f.setl_id
    JOIN item_key k ON k.hilist_code = f.hilist_code
    LEFT JOIN rx_key x ON x.rxno = f.rxno
    LEFT JOIN dr_key q ON q.dr_codg = f.bilg_dr_codg
    LEFT JOIN refunded r ON r.fee_row = f.fee_row
    LEFT JOIN dose_unit u ON u.unit = lower(trim(f.sin_dosunt))
    LEFT JOIN frequency e ON e.used_frqu_codg = f.used_frqu_codg
    WHERE f.cnt > 0 AND f.fee_ocur_time < (SELECT as_of FROM period) AND NOT s.is_refund
        AND (r.refunded_cnt IS NULL OR r.refunded_cnt < f.cnt)
), shared AS (
    SELECT *, CAST(cnt - refunded_cnt AS DECIMAL(16, 4)) AS net_cnt,
        CASE WHEN method = 2 THEN CAST(inscp_scp_amt * 100 AS BIGINT) END AS line_fen
    FROM charged
), staked AS (
    -- Short numbers where they surely do: below twenty million yuan a line and a settlement.
    SELECT *, CASE WHEN method = 2 AND refunded_cnt = 0 AND line_fen BETWEEN 0 AND 2000000000
            AND fund_fen BETWEEN 0 AND 2000000000 AND scope_fen < 2000000000 THEN
            (2 * line_fen * fund_fen + scope_fen) // (2 * scope_fen)
        WHEN method = 2 AND refunded_cnt = 0 THEN
            (2 * CAST(line_fen AS HUGEINT) * fund_fen + scope_fen) // (2 * CAST(scope_fen AS HUGEINT))
        WHEN method = 2 THEN
            (2 * CAST(line_fen AS HUGEINT) * CAST(net_cnt * 10000 AS BIGINT) * fund_fen
                + CAST(cnt * 10000 AS BIGINT) * CAST(scope_fen AS HUGEINT))
            // (2 * CAST(cnt * 10000 AS BIGINT) * CAST(scope_fen AS HUGEINT))
        WHEN method = 3 THEN
            (2 * CAST(net_fen AS HUGEINT) * fund_fen + fee_fen) // (2 * CAST(fee_fen AS HUGEINT))
        ELSE 0 END AS stake_fen
    FROM shared
)
SELECT fee_row, setl_row, rx_row, psn_row, inst_row, bilg_row, dr_row, rx_in_quarter, item, list_type,
    list_type IN (101, 102, 103, 104) AS is_drug, rx_line_no, fee_ocur_time, cnt, pric, net_cnt, net_fen,
    CAST(greatest(0, least(net_fen, stake_fen)) AS BIGINT) AS stake_fen, method, self_paid, single_dose,
    dose_written, frequency_written, per_day, prd_days, other_name,
    fee_ocur_time >= (SELECT begin FROM period) AS in_quarter, settled_in_quarter,
    CAST(CAST(fee_ocur_time AS DATE) - DATE '1970-01-01' AS INTEGER) AS day
FROM staked;
