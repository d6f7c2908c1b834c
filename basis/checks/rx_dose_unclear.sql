-- A written dose that says nothing: no unit, a unit that cannot be compared with the strength, a dose of nothing, or a
-- frequency that is no code of the national list. Such lines give no daily dose and no days in the other rules.
-- Ointments, inhalers and decoction pieces are given by use and not by weight.
WITH line AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time, l.feedetl_sn, l.rx_line_no, l.drug_genname, CASE
            WHEN l.sin_doscnt <= 0 THEN '单次剂量不是正数'
            WHEN l.sin_dosunt IS NULL THEN '单次剂量没有单位'
            WHEN u.unit IS NULL THEN '剂量单位不明'
            WHEN u.kind <> 6 AND u.kind <> s.kind THEN '剂量单位与规格单位不可换算'
            WHEN q.used_frqu_codg IS NULL AND l.used_frqu_codg IS NOT NULL AND NOT l.used_frqu_codg IN ('61', '62', '63')
                THEN '频次代码不明' END AS what,
        CASE
            WHEN l.sin_doscnt <= 0 THEN 'the single dose is not positive'
            WHEN l.sin_dosunt IS NULL THEN 'the single dose has no unit'
            WHEN u.unit IS NULL THEN 'the unit of the dose is unknown'
            WHEN u.kind <> 6 AND u.kind <> s.kind THEN 'the unit of the dose cannot be compared with the strength'
            ELSE 'the frequency is no code of the list' END AS what_en,
        l.fee_ocur_time, coalesce(l.sin_doscnt::DECIMAL(16, 2)::VARCHAR, '') || coalesce(l.sin_dosunt, '') AS written
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    LEFT JOIN dose_unit u ON u.unit = lower(trim(l.sin_dosunt)) LEFT JOIN dose_unit s ON s.unit = lower(trim(l.strength_unit))
    LEFT JOIN frequency q ON q.used_frqu_codg = l.used_frqu_codg
    WHERE l.in_quarter AND l.list_type <> '102' AND l.sin_doscnt IS NOT NULL
        AND coalesce(l.medc_way_codg, '1') NOT IN ('5', '6', '9')
)
SELECT rxno, NULL AS setl_id, feedetl_sn, psn_no, fixmedins_code, dr_codg, fee_ocur_time, rxno AS subject_code, 0 AS amount,
    {'drug': coalesce(drug_genname, ''), 'what': what, 'what_en': what_en, 'written': written} AS facts
FROM line WHERE what IS NOT NULL
