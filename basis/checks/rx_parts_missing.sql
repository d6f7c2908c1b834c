-- Where the institution's lines mostly carry dose and frequency: a line without one of them, and no directions either.
WITH line AS (
    SELECT l.rx_row, l.fixmedins_code, l.sin_doscnt IS NOT NULL AND l.used_frqu_codg IS NOT NULL AS whole_line, l.drug_genname,
        l.feedetl_sn
    FROM rx_line l WHERE l.in_quarter AND l.list_type <> '102'
), rate AS (
    SELECT fixmedins_code, 100 * count(CASE WHEN whole_line THEN 1 END) // count(*) AS share FROM line GROUP BY fixmedins_code
), bare AS (
    SELECT rx_row, min(drug_genname) AS drug, count(*)::INTEGER AS bare_lines,
        string_agg(feedetl_sn, ' ' ORDER BY feedetl_sn) AS lines FROM line WHERE NOT whole_line GROUP BY rx_row
)
SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'count': b.bare_lines, 'lines': b.lines, 'drug': b.drug, 'share': r.share::INTEGER} AS facts
FROM bare b JOIN frame f ON f.rx_row = b.rx_row JOIN rate r ON r.fixmedins_code = f.fixmedins_code
WHERE f.setting IN ('1', '2') AND coalesce(f.usage_text, '') = ''
    AND r.share >= limit_of('rx-parts-missing', 'least_whole_percent', f.prsc_time)
