WITH dosed AS (
    -- Money at stake in fen, doses in units of 1e-10, so that the part above the limit is exact, half a fen up.
    SELECT l.*, q.per_day, (l.stake_amt * 100)::HUGEINT AS stake_fen,
        (l.sin_doscnt * 10000)::HUGEINT * (q.per_day * 1000000)::HUGEINT AS dose_units,
        (l.max_daily_dose * 10000)::HUGEINT * 1000000 AS most_units
    FROM rx_line l JOIN frequency q ON q.used_frqu_codg = l.used_frqu_codg
    WHERE lower(l.sin_dosunt) = lower(l.strength_unit) AND l.sin_doscnt * q.per_day > l.max_daily_dose
        AND l.max_daily_dose > 0
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    l.fee_ocur_time, f.rxno AS subject_code,
    ((2 * stake_fen * (dose_units - most_units) + dose_units) // (2 * dose_units))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': l.drug_genname, 'dose': round(l.sin_doscnt * l.per_day, 2)::VARCHAR,
     'limit': l.max_daily_dose::VARCHAR, 'unit': l.strength_unit} AS facts
FROM frame f JOIN dosed l USING (rxno)
