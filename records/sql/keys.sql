-- Units of a dose, by the kind of quantity: 1 mass (μg), 2 volume (ml), 3 activity (unit), 4 charge, 5 amount
-- of substance, 6 pieces. Doses of one kind can be compared.
CREATE TABLE dose_unit AS
SELECT * FROM (VALUES
    ('mcg', 1, 1), ('ug', 1, 1), ('μg', 1, 1), ('微克', 1, 1), ('mg', 1, 1000), ('毫克', 1, 1000),
    ('g', 1, 1000000), ('gm', 1, 1000000), ('克', 1, 1000000),
    ('ml', 2, 1), ('毫升', 2, 1), ('l', 2, 1000), ('升', 2, 1000),
    ('iu', 3, 1), ('u', 3, 1), ('unit', 3, 1), ('units', 3, 1), ('单位', 3, 1), ('万单位', 3, 10000),
    ('meq', 4, 1), ('mmol', 5, 1),
    ('tablet', 6, 1), ('tab', 6, 1), ('capsule', 6, 1), ('cap', 6, 1), ('sachet', 6, 1), ('pill', 6, 1),
    ('patch', 6, 1), ('vial', 6, 1), ('amp', 6, 1), ('ampoule', 6, 1), ('supp', 6, 1), ('片', 6, 1),
    ('粒', 6, 1), ('丸', 6, 1), ('袋', 6, 1), ('支', 6, 1), ('枚', 6, 1), ('贴', 6, 1), ('瓶', 6, 1)
) AS u(unit, kind, factor);

-- A single dose in the unit of the drug's strength; null when the units cannot be compared.
CREATE MACRO single_dose(written, unit_kind, unit_factor, strength, strength_kind, strength_factor) AS
    CASE WHEN unit_kind = strength_kind THEN CAST(written AS DOUBLE) * unit_factor / strength_factor
         WHEN unit_kind = 6 THEN CAST(written AS DOUBLE) * strength END;

-- Short keys. A row's place in its snapshot file (ordered by key) stands for its key wherever rows are many: it
-- joins and groups faster than text and sorts alike. On Spark the key itself takes that part. Nothing that
-- leaves the house rests on the numbers. Codes that are no key of a table get a number here.
CREATE TABLE item_key AS
SELECT k.hilist_code, CAST(row_number() OVER (ORDER BY k.hilist_code) AS INTEGER) AS item, d.chrgitm_lv,
    d.drug_genname, CAST(d.strength AS DOUBLE) AS strength, u.kind AS strength_kind, u.factor AS strength_factor
FROM (
    SELECT hilist_code FROM whole.fee_line
    UNION
    SELECT med_list_codg AS hilist_code FROM whole.drug
    UNION
    SELECT med_list_codg AS hilist_code FROM whole.prescription_line
) AS k
LEFT JOIN drug d ON d.med_list_codg = k.hilist_code
LEFT JOIN dose_unit u ON u.unit = lower(trim(d.strength_unit));

CREATE TABLE dr_key AS
SELECT k.dr_codg, CAST(row_number() OVER (ORDER BY k.dr_codg) AS INTEGER) AS dr_row
FROM (
    SELECT dr_codg FROM whole.prescription
    UNION
    SELECT bilg_dr_codg AS dr_codg FROM whole.fee_line WHERE bilg_dr_codg IS NOT NULL
) AS k;

-- Settlements in short. Grain: setl_row. Amounts in fen; days as numbers and seconds since 1970, both local.
-- stay_id: the visit's number of an inpatient stay.
CREATE TABLE setl AS
SELECT s.setl_row, s.setl_id, p.psn_row, i.inst_row, i.fixmedins_type, s.refd_setl_flag = 1 AS is_refund,
    s.med_type, s.dise_codg, s.mdtrt_cert_type, coalesce(s.clr_way, '1') IN ('1', '01') AS by_item,
    CAST(s.inscp_scp_amt * 100 AS BIGINT) AS scope_fen, CAST(s.fund_pay_sumamt * 100 AS BIGINT) AS fund_fen,
    CAST(s.medfee_sumamt * 100 AS BIGINT) AS fee_fen,
    CAST(CAST(s.setl_time AS DATE) - DATE '1970-01-01' AS INTEGER) AS day,
    CAST(CAST(s.begndate AS DATE) - DATE '1970-01-01' AS INTEGER) AS first_day,
    CAST(CAST(s.enddate AS DATE) - DATE '1970-01-01' AS INTEGER) AS last_day,
    CAST(CAST(s.setl_time AS DATE) - DATE '1970-01-01' AS BIGINT) * 86400
        + hour(s.setl_time) * 3600 + minute(s.setl_time) * 60 + second(s.setl_time) AS second_no,
    CAST(hour(s.setl_time) AS INTEGER) AS hour_no,
    s.med_type LIKE '2%' OR s.med_type LIKE '52%' AS inpatient,
    s.insu_admdvs <> i.admdvs AND substr(s.insu_admdvs, 1, 4) <> substr(i.admdvs, 1, 4) AS elsewhere,
    CASE WHEN s.med_type LIKE '2%' OR s.med_type LIKE '52%' THEN s.mdtrt_id END AS stay_id,
    s.setl_time >= (SELECT begin FROM period) AS in_quarter
FROM settlement s
JOIN person p ON p.psn_no = s.psn_no
JOIN institution i ON i.fixmedins_code = s.fixmedins_code;

-- Prescriptions in short, with what stands on them. Grain: rx_row. Time as in setl.
CREATE TABLE rx_key AS
SELECT r.rx_row, r.rxno, p.psn_row, i.inst_row, d.dr_row, r.dept_codg, r.setting,
    coalesce(i.hosp_lv, '') AS hosp_lv,
    CAST(CAST(r.prsc_time AS DATE) - DATE '1970-01-01' AS INTEGER) AS day,
    CAST(CAST(r.prsc_time AS DATE) - DATE '1970-01-01' AS BIGINT) * 86400
        + hour(r.prsc_time) * 3600 + minute(r.prsc_time) * 60 + second(r.prsc_time) AS second_no,
    CAST(hour(r.prsc_time) AS INTEGER) AS hour_no,
    r.prsc_time >= (SELECT begin FROM period) AS in_quarter,
    CAST(CAST(r.prsc_time AS DATE) - p.brdy AS INTEGER) AS age_days, p.gend,
    CASE WHEN p.dead_date < CAST(r.prsc_time AS DATE) THEN CAST(CAST(r.prsc_time AS DATE) - p.dead_date AS INTEGER)
         ELSE 0 END AS days_after_death,
    r.phar_codg IS NULL AS no_pharmacist, r.ext_reason IS NOT NULL AS reason_written,
    coalesce(r.usage_text LIKE '%遵医嘱%' OR r.usage_text LIKE '%自用%', FALSE) AS vague_directions,
    r.long_rx_flag = 1 AS long_rx, r.rx_circ_flag = 1 AS external_rx, coalesce(r.geso_flag, 0) = 1 AS pregnant
FROM prescription r
JOIN person p ON p.psn_no = r.psn_no
JOIN institution i ON i.fixmedins_code = r.fixmedins_code
JOIN dr_key d ON d.dr_codg = r.dr_codg;
