-- Chronic registration, the chronic medical category and long-term prescriptions allow the long limit; a
-- written reason and tuberculosis courses are excepted; inpatient orders and discharge drugs are not meant.
WITH registered AS (
    SELECT DISTINCT f.rxno FROM frame f JOIN opsp_registration o ON o.psn_no = f.psn_no
        AND o.begndate <= f.prsc_time::DATE AND coalesce(o.enddate, DATE '9999-12-31') >= f.prsc_time::DATE
), tuberculosis AS (
    SELECT DISTINCT mdtrt_id FROM rx_diagnosis WHERE regexp_matches(diag_code, '^A1[5-9]')
), written AS (
    SELECT f.*, f.long_rx_flag = 1 OR f.med_type LIKE '14%' OR r.rxno IS NOT NULL AS long_allowed
    FROM frame f LEFT JOIN registered r USING (rxno)
    ANTI JOIN tuberculosis t ON t.mdtrt_id = f.mdtrt_id
    WHERE f.setting IN ('1', '2') AND coalesce(f.ext_reason, '') = ''
), bounded AS (
    SELECT *, limit_of('rx-days', CASE WHEN setting = '2' THEN 'emergency_days'
        WHEN long_allowed THEN 'long_days' ELSE 'outpatient_days' END, prsc_time) AS most
    FROM written
), line AS (
    -- Money at stake in fen and days in hundredths, so that the part above the limit is exact, half a fen up.
    SELECT *, (stake_amt * 100)::HUGEINT AS stake_fen, (prd_days * 100)::HUGEINT AS days_units FROM rx_line
)
SELECT b.rxno, NULL AS setl_id, l.feedetl_sn, b.psn_no, b.fixmedins_code, b.dr_codg,
    l.fee_ocur_time, b.rxno AS subject_code,
    ((2 * l.stake_fen * (l.days_units - (b.most * 100)::BIGINT) + l.days_units) // (2 * l.days_units))::DECIMAL(18, 0) / 100 AS amount,
    {'days': round(l.prd_days)::INTEGER, 'limit': b.most::INTEGER,
     'setting_word': CASE WHEN b.setting = '2' THEN '急诊' ELSE '门诊' END} AS facts
FROM bounded b JOIN line l USING (rx_row) WHERE l.prd_days > b.most
