SELECT f.rxno, NULL AS setl_id, NULL AS feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg,
    f.prsc_time AS fee_ocur_time, f.rxno AS subject_code, 0 AS amount,
    {'age_days': f.age_days, 'written': coalesce(f.age_text, '—')} AS facts
FROM frame f WHERE f.age_days BETWEEN 0 AND limit_of('rx-infant-age', 'infant_days', f.prsc_time) - 1
    AND NOT regexp_matches(lower(coalesce(f.age_text, '')), '月|日|天|month|day|m|d')
