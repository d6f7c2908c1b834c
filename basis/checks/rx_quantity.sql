-- Days that the quantity lasts, where dose, unit and frequency are known; a pack that must be opened is no excess, so
-- one pack fewer must do too. Lines whose written days pass the limit are the rule rx-days' own. Unknown stays unknown:
-- a dose that cannot be compared with the strength is named by rx-dose-unclear and gives no days here.
WITH registered AS (
    SELECT DISTINCT f.rxno FROM frame f JOIN opsp_registration o ON o.psn_no = f.psn_no
        AND o.begndate <= f.prsc_time::DATE AND coalesce(o.enddate, DATE '9999-12-31') >= f.prsc_time::DATE
), tuberculosis AS (
    SELECT DISTINCT mdtrt_id FROM rx_diagnosis WHERE regexp_matches(diag_code, '^A1[5-9]')
), bounded AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, limit_of('rx-quantity', CASE WHEN f.setting = '2' THEN 'emergency_days'
        WHEN f.long_rx_flag = 1 OR f.med_type LIKE '14%' OR r.rxno IS NOT NULL THEN 'long_days'
        ELSE 'outpatient_days' END, f.prsc_time) AS most
    FROM frame f LEFT JOIN registered r USING (rxno)
    ANTI JOIN tuberculosis t ON t.mdtrt_id = f.mdtrt_id
    WHERE f.setting IN ('1', '2') AND coalesce(f.ext_reason, '') = ''
), line AS (
    SELECT n.rxno, n.feedetl_sn, n.fee_ocur_time, n.setl_id, n.prd_days, n.net_cnt, n.stake_amt, d.drug_genname,
        d.units_per_pack::DOUBLE * d.strength::DOUBLE
            / (single_dose(n.sin_doscnt, u.kind, u.factor, d.strength::DOUBLE, s.kind, s.factor) * q.per_day::DOUBLE) AS pack_days
    FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code
    JOIN dose_unit u ON u.unit = lower(trim(n.sin_dosunt)) JOIN dose_unit s ON s.unit = lower(trim(d.strength_unit))
    JOIN frequency q ON q.used_frqu_codg = n.used_frqu_codg
    WHERE n.in_quarter AND n.rxno IS NOT NULL AND n.list_type = '101' AND n.sin_doscnt > 0 AND d.strength > 0
        AND d.units_per_pack > 0 AND n.net_cnt > 1
), counted AS (
    SELECT b.*, l.feedetl_sn, l.fee_ocur_time, l.setl_id, l.net_cnt, l.stake_amt, l.drug_genname,
        floor(l.net_cnt::DOUBLE * l.pack_days + 0.000001)::INTEGER AS days,
        ceil(b.most / l.pack_days - 0.000001)::INTEGER AS needed,
        (l.stake_amt * 100)::BIGINT AS stake_fen, (l.net_cnt * 10000)::BIGINT AS units
    FROM bounded b JOIN line l ON l.rxno = b.rxno
    WHERE coalesce(l.prd_days, 0) <= b.most AND (l.net_cnt::DOUBLE - 1) * l.pack_days >= b.most - 0.000001
        AND l.net_cnt::DOUBLE * l.pack_days > b.most + 0.000001
)
SELECT rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, dr_codg, fee_ocur_time, rxno AS subject_code,
    ((2 * stake_fen::HUGEINT * (units - needed * 10000) + units) // (2 * units))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': drug_genname, 'days': days, 'limit': most::INTEGER, 'count': net_cnt::DECIMAL(16, 2)::VARCHAR,
     'needed': needed} AS facts
FROM counted WHERE net_cnt >= needed + 1
