-- Grams of a piece in one dose of the decoction, which is a day's: the frequency says in how many parts it is drunk.
-- The table's maximum, else the label's where it is in grams. A reason signed again excuses.
WITH bounded AS (
    SELECT d.med_list_codg, d.drug_genname, coalesce(min(k.most_grams::DOUBLE), min(CASE WHEN lower(d.strength_unit) IN ('g', '克')
        THEN d.max_daily_dose::DOUBLE END)) AS most
    FROM drug d LEFT JOIN knowledge_piece_max k ON k.name = d.drug_genname WHERE d.drug_kind = '13'
    GROUP BY d.med_list_codg, d.drug_genname
), line AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, l.feedetl_sn, l.fee_ocur_time, l.stake_amt, b.drug_genname, b.most,
        l.sin_doscnt::DOUBLE * u.factor / 1000000 AS grams
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    JOIN bounded b ON b.med_list_codg = l.med_list_codg
    JOIN dose_unit u ON u.unit = lower(trim(l.sin_dosunt)) AND u.kind = 1
    WHERE l.in_quarter AND l.list_type = '102' AND coalesce(f.ext_reason, '') = ''
), over_it AS (
    SELECT *, (stake_amt * 100)::BIGINT AS stake_fen, round(grams * 10000)::BIGINT AS units, round(most * 10000)::BIGINT AS most_units
    FROM line WHERE grams > most + 0.00001
)
SELECT rxno, NULL AS setl_id, feedetl_sn, psn_no, fixmedins_code, dr_codg, fee_ocur_time, rxno AS subject_code,
    ((2 * stake_fen::HUGEINT * (units - most_units) + units) // (2 * units))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': drug_genname, 'grams': (floor(grams * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR,
     'limit': (floor(most * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR} AS facts
FROM over_it
