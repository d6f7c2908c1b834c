-- The same rows with all that stands beside them, for rules, cases and exports.
CREATE TABLE net_line AS
SELECT f.*, n.setl_row, n.psn_row, n.inst_row, n.item, s.psn_no, s.fixmedins_code, s.med_type, s.insutype AS setl_insutype, s.dise_codg, s.clr_way,
    s.insu_admdvs AS setl_insu_admdvs, s.setl_time, s.begndate AS setl_begndate, s.enddate AS setl_enddate,
    CAST(f.cnt - n.net_cnt AS DECIMAL(16, 4)) AS refunded_cnt, n.net_cnt,
    CAST(n.net_fen * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(16, 2)) AS net_amt,
    CASE n.method WHEN 0 THEN 'not_by_item' WHEN 1 THEN 'self_paid' WHEN 2 THEN 'line_share'
        WHEN 3 THEN 'total_share' ELSE 'unknown' END AS stake_method,
    CAST(n.stake_fen * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(16, 2)) AS stake_amt, n.in_quarter, n.day
FROM net n
JOIN whole.fee_line f ON f.fee_row = n.fee_row
JOIN settlement s ON s.setl_row = n.setl_row;

CREATE TABLE rx_line AS
WITH line AS (
    SELECT r.rx_row, r.rx_line_no, r.fee_row, k.hilist_code AS med_list_codg, r.list_type, l.cnt, l.sin_doscnt,
        l.sin_dosunt, l.used_frqu_codg, l.medc_way_codg, l.prd_days, r.net_fen, r.stake_fen, r.fee_ocur_time,
        CAST(NULL AS VARCHAR) AS feedetl_sn
    FROM reviewed r
    JOIN prescribed l ON l.rx_row = r.rx_row AND l.rx_line_no = r.rx_line_no
    JOIN item_key k ON k.item = r.item
    UNION ALL
    SELECT r.rx_row,
        CAST(row_number() OVER (PARTITION BY r.rx_row ORDER BY r.fee_row) AS SMALLINT) AS rx_line_no,
        r.fee_row, f.hilist_code AS med_list_codg, r.list_type, n.net_cnt AS cnt, f.sin_doscnt, f.sin_dosunt,
        f.used_frqu_codg, f.medc_way_codg, f.prd_days, r.net_fen, r.stake_fen, r.fee_ocur_time, f.feedetl_sn
    FROM reviewed r
    JOIN net n ON n.fee_row = r.fee_row
    JOIN whole.fee_line f ON f.fee_row = r.fee_row
    WHERE r.rx_line_no IS NULL
)
SELECT p.rxno, line.rx_row, line.rx_line_no, coalesce(line.feedetl_sn, f.feedetl_sn) AS feedetl_sn, line.med_list_codg,
    coalesce(CAST(line.list_type AS VARCHAR), CASE WHEN d.drug_kind = '13' THEN '102' ELSE '101' END) AS list_type,
    line.cnt, line.sin_doscnt, line.sin_dosunt, line.used_frqu_codg, line.medc_way_codg, line.prd_days,
    CAST(line.net_fen * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(16, 2)) AS net_amt, CAST(line.stake_fen * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(16, 2)) AS stake_amt,
    coalesce(line.fee_ocur_time, p.prsc_time) AS fee_ocur_time,
    p.psn_no, p.dr_codg, p.fixmedins_code, p.dept_codg, p.mdtrt_id, p.prsc_time,
    p.prsc_time >= (SELECT begin FROM period) AS in_quarter,
    CAST(CAST(p.prsc_time AS DATE) - DATE '1970-01-01' AS INTEGER) AS day,
    d.drug_genname, d.drug_kind, d.atc_code, d.dosform, d.inj_flag, d.strength, d.strength_unit,
    d.units_per_pack, d.ddd, d.max_daily_dose, d.abx_tier, d.control_class, d.bas_medn_flag,
    d.hi_nego_drug_flag, d.vbp_group, d.vbp_selected_flag, d.preg_contra_flag
FROM line
JOIN prescription p ON p.rx_row = line.rx_row
LEFT JOIN whole.fee_line f ON line.feedetl_sn IS NULL AND f.fee_row = line.fee_row
LEFT JOIN drug d ON d.med_list_codg = line.med_list_codg;

-- The frame: prescriptions of the quarter whose fee lines do not net to zero.
CREATE TABLE frame AS
WITH counted AS (
    SELECT rx_row, CAST(count(*) AS INTEGER) AS n_lines FROM reviewed GROUP BY rx_row
)
SELECT p.rxno, x.rx_row, p.psn_no, p.fixmedins_code, p.dr_codg, p.dept_codg, p.prsc_time, p.mdtrt_id, x.setting,
    CAST(x.amount_fen * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(16, 2)) AS total_amt, CAST(x.stake_fen * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(16, 2)) AS fund_stake,
    coalesce(c.n_lines, 0) AS n_lines,
    CAST(CAST(p.prsc_time AS DATE) - q.brdy AS INTEGER) AS age_days, q.gend, i.hosp_lv, x.med_type, x.dise_codg,
    p.ext_reason, p.usage_text, p.age_text, p.long_rx_flag, p.geso_flag, p.suck_prd_flag, p.intn_rx_flag, p.rx_type_code, p.phar_codg
FROM rx x
JOIN prescription p ON p.rx_row = x.rx_row
JOIN person q ON q.psn_no = p.psn_no
JOIN institution i ON i.fixmedins_code = p.fixmedins_code
LEFT JOIN counted c ON c.rx_row = x.rx_row
WHERE x.in_quarter;

-- Diagnoses of the visits of the quarter's prescriptions and lines, for the many rules that ask what something was
-- given for. Grain: as diagnosis.
CREATE TABLE rx_diagnosis AS
SELECT g.* FROM whole.diagnosis g
SEMI JOIN (SELECT mdtrt_id FROM frame UNION SELECT mdtrt_id FROM net_line WHERE in_quarter) AS v ON v.mdtrt_id = g.mdtrt_id;
