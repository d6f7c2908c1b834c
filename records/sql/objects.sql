-- The reviewed objects: prescribed lines where the agency has them, else the lines that were paid.
CREATE TEMP TABLE paid_line AS
SELECT *, row_number() OVER (PARTITION BY rxno ORDER BY feedetl_sn)::SMALLINT AS paid_no
FROM net_line WHERE rxno IS NOT NULL AND list_type IN ('101', '102', '103', '104');

-- A fee line settles the prescribed line it names; without a line number, the first one of its drug.
CREATE TEMP TABLE settled_line AS
WITH named AS (
    SELECT p.feedetl_sn, p.rxno, coalesce(l.rx_line_no, (
        SELECT min(o.rx_line_no) FROM prescription_line o
        WHERE o.rxno = p.rxno AND o.med_list_codg = p.hilist_code)) AS rx_line_no,
        p.net_amt, p.stake_amt, p.fee_ocur_time
    FROM paid_line p
    LEFT JOIN prescription_line l ON l.rxno = p.rxno AND l.rx_line_no = p.rx_line_no
)
SELECT rxno, rx_line_no, min(feedetl_sn) AS feedetl_sn, sum(net_amt)::DECIMAL(16, 2) AS net_amt,
    sum(stake_amt)::DECIMAL(16, 2) AS stake_amt, min(fee_ocur_time) AS fee_ocur_time
FROM named WHERE rx_line_no IS NOT NULL GROUP BY ALL;

CREATE TABLE rx_line AS
WITH line AS (
    SELECT l.rxno, l.rx_line_no, s.feedetl_sn, l.med_list_codg, NULL::VARCHAR AS paid_type, l.cnt,
        l.sin_doscnt, l.sin_dosunt, l.used_frqu_codg, l.medc_way_codg, l.prd_days,
        coalesce(s.net_amt, 0)::DECIMAL(16, 2) AS net_amt,
        coalesce(s.stake_amt, 0)::DECIMAL(16, 2) AS stake_amt, s.fee_ocur_time
    FROM prescription_line l LEFT JOIN settled_line s USING (rxno, rx_line_no)
    UNION ALL
    SELECT rxno, paid_no AS rx_line_no, feedetl_sn, hilist_code AS med_list_codg, list_type AS paid_type,
        net_cnt AS cnt, sin_doscnt, sin_dosunt, used_frqu_codg, medc_way_codg, prd_days, net_amt, stake_amt,
        fee_ocur_time
    FROM paid_line ANTI JOIN prescription_line USING (rxno)
)
SELECT line.rxno, line.rx_line_no, line.feedetl_sn, line.med_list_codg,
    coalesce(line.paid_type, CASE WHEN d.drug_kind = '13' THEN '102' ELSE '101' END) AS list_type,
    line.cnt, line.sin_doscnt, line.sin_dosunt, line.used_frqu_codg, line.medc_way_codg, line.prd_days,
    line.net_amt, line.stake_amt, coalesce(line.fee_ocur_time, p.prsc_time) AS fee_ocur_time,
    p.psn_no, p.dr_codg, p.fixmedins_code, p.dept_codg, p.mdtrt_id, p.prsc_time,
    p.prsc_time >= (SELECT begin FROM period) AS in_quarter,
    (p.prsc_time::DATE - DATE '1970-01-01')::INTEGER AS day,
    d.drug_genname, d.drug_kind, d.atc_code, d.dosform, d.inj_flag, d.strength, d.strength_unit,
    d.units_per_pack, d.ddd, d.max_daily_dose, d.abx_tier, d.control_class, d.bas_medn_flag,
    d.hi_nego_drug_flag, d.vbp_group, d.vbp_selected_flag, d.preg_contra_flag
FROM line
JOIN prescription p USING (rxno)
LEFT JOIN drug d USING (med_list_codg);

-- The frame: prescriptions of the quarter whose fee lines do not net to zero.
CREATE TABLE frame AS
WITH billed AS (
    SELECT rxno, min(med_type) AS med_type, min(dise_codg) AS dise_codg,
        sum(net_amt)::DECIMAL(16, 2) AS total_amt, sum(stake_amt)::DECIMAL(16, 2) AS fund_stake
    FROM net_line WHERE rxno IS NOT NULL GROUP BY rxno
)
SELECT p.rxno, p.psn_no, p.fixmedins_code, p.dr_codg, p.dept_codg, p.prsc_time, p.mdtrt_id,
    coalesce(p.setting, CASE
        WHEN b.med_type LIKE '13%' THEN '2'
        WHEN b.med_type LIKE '2%' OR b.med_type LIKE '52%' THEN '3'
        WHEN b.med_type IS NOT NULL THEN '1' END) AS setting,
    b.total_amt, b.fund_stake,
    (SELECT count(*) FROM rx_line l WHERE l.rxno = p.rxno)::INTEGER AS n_lines,
    (p.prsc_time::DATE - person.brdy)::INTEGER AS age_days, person.gend, i.hosp_lv, b.med_type, b.dise_codg
FROM prescription p
JOIN billed b USING (rxno)
JOIN person USING (psn_no)
JOIN institution i USING (fixmedins_code)
WHERE p.prsc_time >= (SELECT begin FROM period);
