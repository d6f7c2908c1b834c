-- Daily dose of a line in the unit of the label's maximum, whatever unit it is written in; a dose that cannot be
-- compared is not judged here (rx-dose-unclear names it), nor what is dropped or rubbed in. Decoction pieces are
-- pieces-over-max's. A written reason excuses. A third of a dose is written in four decimals, so a ten-thousandth is nothing.
WITH dosed AS (
    -- Money at stake in fen, doses in units of 1e-10 of the written unit, so that the part above the limit is exact, half a fen up.
    SELECT l.*, (l.stake_amt * 100)::HUGEINT AS stake_fen,
        (l.sin_doscnt * 10000)::HUGEINT * (q.per_day * 1000000)::HUGEINT
            * CASE WHEN u.kind = s.kind THEN u.factor::HUGEINT * 10000 ELSE (l.strength * 10000)::HUGEINT * s.factor END AS dose_units,
        (l.max_daily_dose * 10000)::HUGEINT * 10000000000 * s.factor AS most_units,
        l.sin_doscnt::DOUBLE * q.per_day::DOUBLE * CASE WHEN u.kind = s.kind THEN u.factor::DOUBLE / s.factor
            ELSE l.strength::DOUBLE END AS dose
    FROM rx_line l JOIN frequency q ON q.used_frqu_codg = l.used_frqu_codg
    JOIN dose_unit u ON u.unit = lower(trim(l.sin_dosunt)) JOIN dose_unit s ON s.unit = lower(trim(l.strength_unit))
    WHERE l.in_quarter AND l.list_type <> '102' AND l.max_daily_dose > 0 AND (u.kind = s.kind OR u.kind = 6)
        AND coalesce(l.medc_way_codg, '1') NOT IN ('5', '9')
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    l.fee_ocur_time, f.rxno AS subject_code,
    ((2 * stake_fen * (dose_units - most_units) + dose_units) // (2 * dose_units))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': l.drug_genname, 'dose': (floor(l.dose * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR,
     'limit': l.max_daily_dose::VARCHAR, 'unit': l.strength_unit} AS facts
FROM frame f JOIN dosed l USING (rx_row) WHERE l.dose_units * 10000 > l.most_units * 10001 AND coalesce(f.ext_reason, '') = ''
