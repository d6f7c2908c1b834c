SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'pieces': count(*) FILTER (l.list_type = '102'), 'others': count(*) FILTER (l.list_type <> '102'),
     'lines': string_agg(l.feedetl_sn, ' ' ORDER BY l.feedetl_sn)} AS facts
FROM frame f JOIN rx_line l USING (rx_row) WHERE f.setting IN ('1', '2')
GROUP BY ALL HAVING count(*) FILTER (l.list_type = '102') > 0 AND count(*) FILTER (l.list_type <> '102') > 0
