SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    l.fee_ocur_time, f.rxno AS subject_code,
    round(l.stake_amt * (1 - l.max_daily_dose / (l.sin_doscnt * q.per_day)), 2) AS amount,
    {'drug': l.drug_genname, 'dose': round(l.sin_doscnt * q.per_day, 2)::VARCHAR,
     'limit': l.max_daily_dose::VARCHAR, 'unit': l.strength_unit} AS facts
FROM frame f JOIN rx_line l USING (rxno) JOIN frequency q ON q.used_frqu_codg = l.used_frqu_codg
WHERE lower(l.sin_dosunt) = lower(l.strength_unit) AND l.sin_doscnt * q.per_day > l.max_daily_dose
    AND l.max_daily_dose > 0
