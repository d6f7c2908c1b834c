WITH counted AS (
    SELECT rx_row, count(DISTINCT coalesce(drug_genname, med_list_codg)) AS drugs FROM rx_line
    WHERE in_quarter AND list_type <> '102' GROUP BY rx_row
), found AS (
    SELECT f.rx_row, f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time, c.drugs,
        limit_of('rx-many-drugs', 'most_drugs', f.prsc_time)::INTEGER AS most
    FROM frame f JOIN counted c ON c.rx_row = f.rx_row
    WHERE f.setting IN ('1', '2') AND c.drugs > limit_of('rx-many-drugs', 'most_drugs', f.prsc_time)
), named AS (
    SELECT l.rx_row, string_agg(l.feedetl_sn, ' ' ORDER BY l.feedetl_sn) AS lines
    FROM rx_line l SEMI JOIN found ON found.rx_row = l.rx_row WHERE l.in_quarter AND l.list_type <> '102' GROUP BY l.rx_row
)
SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'drugs': f.drugs, 'lines': n.lines, 'limit': f.most} AS facts
FROM found f JOIN named n ON n.rx_row = f.rx_row
