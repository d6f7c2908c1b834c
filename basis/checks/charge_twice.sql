WITH twin AS (
    SELECT *, count(*) OVER w AS times, row_number() OVER (w ORDER BY feedetl_sn) AS copy FROM net_line WHERE in_quarter
    WINDOW w AS (PARTITION BY setl_id, coalesce(rxno, ''), hilist_code, net_cnt, pric, fee_ocur_time::DATE))
SELECT rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    coalesce(rxno, feedetl_sn) AS subject_code, stake_amt AS amount, {'item': hilist_name, 'times': times} AS facts
FROM twin WHERE times > 1 AND copy > 1 AND med_type NOT LIKE '2%'
