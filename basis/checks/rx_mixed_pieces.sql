WITH found AS (
    SELECT f.rx_row, f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time,
        count(*) FILTER (l.list_type = '102') AS pieces, count(*) FILTER (l.list_type <> '102') AS others
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row WHERE f.setting IN ('1', '2')
    GROUP BY f.rx_row, f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time
    HAVING count(*) FILTER (l.list_type = '102') > 0 AND count(*) FILTER (l.list_type <> '102') > 0
), named AS (
    SELECT l.rx_row, string_agg(l.feedetl_sn, ' ' ORDER BY l.feedetl_sn) AS lines
    FROM rx_line l SEMI JOIN found ON found.rx_row = l.rx_row GROUP BY l.rx_row
)
SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'pieces': f.pieces, 'others': f.others, 'lines': n.lines} AS facts
FROM found f JOIN named n ON n.rx_row = f.rx_row
