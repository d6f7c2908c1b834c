WITH dear AS (
    SELECT n.*, s.pric_uplmt_amt, (n.stake_amt * 100)::BIGINT AS stake_fen, (n.pric * 1000000)::BIGINT AS asked,
        (s.pric_uplmt_amt * 1000000)::BIGINT AS most
    FROM net_line n JOIN service_item s ON s.hilist_code = n.hilist_code
    WHERE n.in_quarter AND n.list_type = '201' AND n.pric > s.pric_uplmt_amt
)
SELECT NULL AS rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    fixmedins_code AS subject_code,
    ((2 * stake_fen::HUGEINT * (asked - most) + asked) // (2 * asked))::DECIMAL(18, 0) / 100 AS amount,
    {'item': hilist_name, 'price': pric::DECIMAL(16, 2)::VARCHAR, 'limit': pric_uplmt_amt::DECIMAL(16, 2)::VARCHAR} AS facts
FROM dear
