WITH counted AS (
    SELECT rx_row, count(DISTINCT coalesce(drug_genname, med_list_codg)) AS drugs,
        string_agg(feedetl_sn, ' ' ORDER BY feedetl_sn) AS lines FROM rx_line
    WHERE in_quarter AND list_type <> '102' GROUP BY rx_row)
SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'drugs': drugs, 'lines': lines, 'limit': limit_of('rx-many-drugs', 'most_drugs', f.prsc_time)::INTEGER} AS facts
FROM frame f JOIN counted USING (rx_row)
WHERE f.setting IN ('1', '2') AND drugs > limit_of('rx-many-drugs', 'most_drugs', f.prsc_time)
