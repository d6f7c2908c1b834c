-- One item in one quantity at one price on one day of a settlement, more than once. The short lines say which
-- settlements to look at.
WITH repeated AS (
    SELECT setl_row FROM net WHERE in_quarter
    GROUP BY setl_row, rx_row, item, net_cnt, pric, day HAVING count(*) > 1
), twin AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt,
        n.hilist_name, count(*) OVER w AS times, row_number() OVER (w ORDER BY n.fee_row) AS copy
    FROM net_line n SEMI JOIN repeated r ON r.setl_row = n.setl_row
    WHERE n.in_quarter AND n.med_type NOT LIKE '2%'
    WINDOW w AS (PARTITION BY n.setl_row, coalesce(n.rxno, ''), n.item, n.net_cnt, n.pric, n.day)
)
SELECT rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    coalesce(rxno, feedetl_sn) AS subject_code, stake_amt AS amount, {'item': hilist_name, 'times': times} AS facts
FROM twin WHERE times > 1 AND copy > 1
