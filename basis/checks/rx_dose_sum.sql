-- Several lines of one substance and way of giving to one person on one day: the sum of their daily doses. Lines
-- that pass the maximum alone are rx-dose's; a line whose dose cannot be read makes the sum unknown.
WITH several AS (
    SELECT psn_no, day, atc_code, inj_flag FROM rx_line
    WHERE in_quarter AND list_type <> '102' AND atc_code IS NOT NULL AND max_daily_dose > 0 AND net_amt > 0
    GROUP BY psn_no, day, atc_code, inj_flag HAVING count(*) > 1
), dosed AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, l.feedetl_sn, l.fee_ocur_time, l.day, l.rx_line_no, l.stake_amt,
        l.atc_code, l.inj_flag, l.drug_genname, l.strength_unit, s.kind AS strength_kind,
        single_dose(l.sin_doscnt, u.kind, u.factor, l.strength::DOUBLE, s.kind, s.factor) * q.per_day::DOUBLE
            * s.factor AS dose,
        l.max_daily_dose::DOUBLE * s.factor AS most, s.factor
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    JOIN dose_unit s ON s.unit = lower(trim(l.strength_unit))
    SEMI JOIN several m ON m.psn_no = l.psn_no AND m.day = l.day AND m.atc_code = l.atc_code AND m.inj_flag IS NOT DISTINCT FROM l.inj_flag
    LEFT JOIN dose_unit u ON u.unit = lower(trim(l.sin_dosunt))
    LEFT JOIN frequency q ON q.used_frqu_codg = l.used_frqu_codg
    WHERE l.in_quarter AND l.list_type <> '102' AND l.atc_code IS NOT NULL AND l.max_daily_dose > 0 AND l.net_amt > 0
        AND coalesce(l.medc_way_codg, '1') NOT IN ('5', '9')
        AND f.setting IN ('1', '2') AND coalesce(f.ext_reason, '') = ''
), summed AS (
    SELECT *, count(*) OVER w AS several, count(dose) OVER w AS known, round(sum(dose) OVER w, 6) AS total, max(most) OVER w AS limit_of_all,
        row_number() OVER (PARTITION BY psn_no, day, atc_code, inj_flag, strength_kind
            ORDER BY fee_ocur_time DESC, rxno DESC, rx_line_no DESC) AS from_last
    FROM dosed WINDOW w AS (PARTITION BY psn_no, day, atc_code, inj_flag, strength_kind)
)
SELECT rxno, NULL AS setl_id, feedetl_sn, psn_no, fixmedins_code, dr_codg, fee_ocur_time, rxno AS subject_code, 0 AS amount,
    {'drug': drug_genname, 'count': several::INTEGER,
     'dose': (floor(total / factor * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR,
     'limit': (floor(limit_of_all / factor * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR, 'unit': strength_unit} AS facts
FROM summed WHERE from_last = 1 AND several > 1 AND known = several AND total > limit_of_all * 1.0001 AND dose <= most * 1.0001
