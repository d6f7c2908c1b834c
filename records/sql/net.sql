-- Fee lines net of refunds. A refund settlement names the settlement it reverses; its lines have negative
-- quantities and are set against the lines of that settlement, item by item, the newest line number first.
-- A negative line inside an ordinary settlement is a correction of that same settlement.
CREATE TEMP TABLE refund_line AS
SELECT coalesce(s.orig_setl_id, f.setl_id) AS setl_id, f.hilist_code, f.rxno, -f.cnt AS back
FROM fee_line f JOIN settlement s USING (setl_id)
WHERE f.cnt < 0;

-- A refund that lists no lines reverses the whole settlement.
CREATE TEMP TABLE reversed_whole AS
SELECT DISTINCT r.orig_setl_id AS setl_id
FROM settlement r ANTI JOIN fee_line f ON f.setl_id = r.setl_id
WHERE r.refd_setl_flag = 1 AND r.orig_setl_id IS NOT NULL;

CREATE TEMP TABLE charged AS
SELECT f.*, s.psn_no, s.fixmedins_code, s.med_type, s.insutype AS setl_insutype, s.dise_codg, s.clr_way,
    s.insu_admdvs AS setl_insu_admdvs, s.setl_time, s.begndate AS setl_begndate, s.enddate AS setl_enddate,
    s.inscp_scp_amt AS setl_scope, s.fund_pay_sumamt AS setl_fund, s.medfee_sumamt AS setl_fee
FROM fee_line f JOIN settlement s USING (setl_id)
WHERE s.refd_setl_flag = 0 AND f.cnt > 0;

-- A refund line without a prescription number belongs to the prescription that charged the item.
CREATE TEMP TABLE refund_pool AS
WITH sole AS (
    SELECT setl_id, hilist_code, min(rxno) AS rxno FROM charged GROUP BY setl_id, hilist_code
)
SELECT r.setl_id, r.hilist_code, coalesce(r.rxno, sole.rxno, '') AS rx, sum(r.back) AS back
FROM refund_line r LEFT JOIN sole USING (setl_id, hilist_code)
GROUP BY ALL;

CREATE TEMP TABLE refunded AS
SELECT c.feedetl_sn,
    CASE WHEN w.setl_id IS NOT NULL THEN c.cnt
         ELSE least(c.cnt, greatest(0, coalesce(p.back, 0) - coalesce(sum(c.cnt) OVER (
            PARTITION BY c.setl_id, c.hilist_code, coalesce(c.rxno, '')
            ORDER BY c.feedetl_sn DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)))
    END::DECIMAL(16, 4) AS refunded_cnt
FROM charged c
LEFT JOIN reversed_whole w ON w.setl_id = c.setl_id
LEFT JOIN refund_pool p
    ON p.setl_id = c.setl_id AND p.hilist_code = c.hilist_code AND p.rx = coalesce(c.rxno, '');

-- Fund money at stake in a line: its in-scope amount times the share of the settlement's in-scope amount that
-- the fund paid; nothing for a self-paid line or a settlement that is not paid by item. In whole fen, half up.
CREATE TABLE net_line AS
WITH netted AS (
    SELECT c.*, r.refunded_cnt, (c.cnt - r.refunded_cnt)::DECIMAL(16, 4) AS net_cnt,
        coalesce(c.chrgitm_lv, d.chrgitm_lv) AS level,
        CASE WHEN r.refunded_cnt = 0 THEN c.det_item_fee_sumamt
             ELSE round((c.cnt - r.refunded_cnt)::DECIMAL(18, 4) * c.pric, 2) END::DECIMAL(16, 2) AS net_amt
    FROM charged c
    JOIN refunded r USING (feedetl_sn)
    LEFT JOIN drug d ON d.med_list_codg = c.hilist_code
    WHERE r.refunded_cnt < c.cnt
), shared AS (
    SELECT *,
        CASE WHEN coalesce(clr_way, '1') NOT IN ('1', '01') THEN 'not_by_item'
             WHEN level = '03' THEN 'self_paid'
             WHEN inscp_scp_amt IS NOT NULL AND setl_scope > 0 THEN 'line_share'
             WHEN setl_fee > 0 THEN 'total_share'
             ELSE 'unknown' END AS stake_method,
        (net_amt * 100)::HUGEINT AS net_fen,
        (inscp_scp_amt * 100)::HUGEINT AS scope_fen,
        (setl_fund * 100)::HUGEINT AS fund_fen,
        (setl_scope * 100)::HUGEINT AS setl_scope_fen,
        (setl_fee * 100)::HUGEINT AS setl_fee_fen,
        (cnt * 10000)::HUGEINT AS cnt_units,
        (net_cnt * 10000)::HUGEINT AS net_units
    FROM netted
)
SELECT * EXCLUDE (level, net_fen, scope_fen, fund_fen, setl_scope_fen, setl_fee_fen, cnt_units, net_units,
        setl_scope, setl_fund, setl_fee),
    greatest(0, least(net_amt, CASE stake_method
        WHEN 'line_share' THEN
            (2 * scope_fen * net_units * fund_fen + cnt_units * setl_scope_fen)
            // (2 * cnt_units * setl_scope_fen)
        WHEN 'total_share' THEN (2 * net_fen * fund_fen + setl_fee_fen) // (2 * setl_fee_fen)
        ELSE 0 END::DECIMAL(18, 0) / 100))::DECIMAL(16, 2) AS stake_amt,
    fee_ocur_time >= (SELECT begin FROM period) AS in_quarter,
    (fee_ocur_time::DATE - DATE '1970-01-01')::INTEGER AS day
FROM shared;
