WITH bounded AS (
    SELECT hilist_code, freq_max, lower(trim(freq_window)) AS within FROM service_item
    WHERE freq_max > 0 AND lower(trim(freq_window)) IN ('day', 'stay', 'month', 'year')
), counted AS (
    SELECT n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.hilist_name, n.net_cnt,
        n.stake_amt, n.in_quarter, b.freq_max, b.within, sum(n.net_cnt) OVER (
            PARTITION BY n.psn_no, n.hilist_code, CASE b.within WHEN 'stay' THEN n.mdtrt_id WHEN 'day' THEN n.day::VARCHAR
                WHEN 'month' THEN substr(n.fee_ocur_time::DATE::VARCHAR, 1, 7)
                ELSE substr(n.fee_ocur_time::DATE::VARCHAR, 1, 4) END
            ORDER BY n.fee_ocur_time, n.feedetl_sn ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS times
    FROM net_line n JOIN bounded b ON b.hilist_code = n.hilist_code WHERE n.list_type = '201'
), over_it AS (
    SELECT *, (stake_amt * 100)::BIGINT AS stake_fen, (net_cnt * 10000)::BIGINT AS units,
        (least(net_cnt, times - freq_max) * 10000)::BIGINT AS above
    FROM counted WHERE in_quarter AND times > freq_max
)
SELECT NULL AS rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    fixmedins_code AS subject_code, ((2 * stake_fen::HUGEINT * above + units) // (2 * units))::DECIMAL(18, 0) / 100 AS amount,
    {'item': hilist_name, 'times': times::DECIMAL(16, 2)::VARCHAR, 'limit': freq_max::VARCHAR, 'within': within} AS facts
FROM over_it
