WITH bounded AS (
    SELECT hilist_code, freq_max, lower(trim(freq_window)) AS within FROM service_item
    WHERE freq_max > 0 AND lower(trim(freq_window)) IN ('day', 'stay', 'month', 'year')
), counted AS (
    SELECT n.fee_row, n.net_cnt, n.in_quarter, b.freq_max, b.within, sum(n.net_cnt) OVER (
            PARTITION BY n.psn_row, n.hilist_code, CASE b.within WHEN 'stay' THEN n.mdtrt_id WHEN 'day' THEN n.day::VARCHAR
                WHEN 'month' THEN substr(n.fee_ocur_time::DATE::VARCHAR, 1, 7)
                ELSE substr(n.fee_ocur_time::DATE::VARCHAR, 1, 4) END
            ORDER BY n.fee_ocur_time, n.feedetl_sn ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS times
    FROM history_line n JOIN bounded b ON b.hilist_code = n.hilist_code WHERE n.list_type = '201'
), over_it AS (
    SELECT n.*, c.freq_max, c.within, c.times, (n.stake_amt * 100)::BIGINT AS stake_fen, (n.net_cnt * 10000)::BIGINT AS units,
        (least(n.net_cnt, c.times - c.freq_max) * 10000)::BIGINT AS above
    FROM counted c JOIN net_line n ON n.fee_row = c.fee_row WHERE c.in_quarter AND c.times > c.freq_max
)
SELECT NULL AS rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    fixmedins_code AS subject_code, ((2 * stake_fen::HUGEINT * above + units) // (2 * units))::DECIMAL(18, 0) / 100 AS amount,
    {'item': hilist_name, 'times': times::DECIMAL(16, 2)::VARCHAR, 'limit': freq_max::VARCHAR, 'within': within} AS facts
FROM over_it
