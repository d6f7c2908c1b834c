SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount,
    {'drug': l.drug_genname, 'tier': l.abx_tier, 'allowed': d.abx_tier, 'days': ceil(l.prd_days)::INTEGER,
     'limit': limit_of('rx-abx-emergency', 'most_days', f.prsc_time)::INTEGER} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row JOIN practitioner d ON d.dr_codg = f.dr_codg
WHERE f.setting = '2' AND l.abx_tier > d.abx_tier AND l.prd_days > limit_of('rx-abx-emergency', 'most_days', f.prsc_time)
