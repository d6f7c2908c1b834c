-- Grams count as they stand in one dose of the decoction; where one piece's grams cannot be read, only kinds count.
WITH summed AS (
    SELECT l.rx_row, count(DISTINCT coalesce(l.drug_genname, l.med_list_codg)) AS kinds,
        CASE WHEN count(u.unit) = count(*) THEN round(sum(l.sin_doscnt::DOUBLE * u.factor) / 1000000, 2) END AS grams
    FROM rx_line l LEFT JOIN dose_unit u ON u.unit = lower(trim(l.sin_dosunt)) AND u.kind = 1 AND l.sin_doscnt > 0
    WHERE l.in_quarter AND l.list_type = '102' GROUP BY l.rx_row
), judged AS (
    SELECT f.*, s.kinds, s.grams, limit_of('pieces-large', 'most_kinds', f.prsc_time) AS most_kinds,
        limit_of('pieces-large', 'most_grams', f.prsc_time) AS most_grams
    FROM summed s JOIN frame f ON f.rx_row = s.rx_row
    WHERE coalesce(f.ext_reason, '') = ''
)
SELECT rxno, NULL AS setl_id, NULL AS feedetl_sn, psn_no, fixmedins_code, dr_codg, prsc_time AS fee_ocur_time,
    rxno AS subject_code, 0 AS amount,
    {'kinds': kinds::INTEGER, 'grams': coalesce((floor(grams * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR, '—'), 'most_kinds': most_kinds::INTEGER,
     'most_grams': most_grams::INTEGER} AS facts
FROM judged WHERE kinds > most_kinds OR coalesce(grams, 0) > most_grams
