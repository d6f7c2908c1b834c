-- Every drug line of the look-back: reviewed lines, and drugs bought without a prescription on record.
-- Grain: line_id. Doses in the unit of the drug's strength (null when the units cannot be compared).
CREATE TABLE stage.unit AS
SELECT * FROM (VALUES
    ('mcg', 'mass', 1), ('ug', 'mass', 1), ('μg', 'mass', 1), ('微克', 'mass', 1), ('mg', 'mass', 1000),
    ('毫克', 'mass', 1000), ('g', 'mass', 1000000), ('gm', 'mass', 1000000), ('克', 'mass', 1000000),
    ('ml', 'volume', 1), ('毫升', 'volume', 1), ('l', 'volume', 1000), ('升', 'volume', 1000),
    ('iu', 'activity', 1), ('u', 'activity', 1), ('unit', 'activity', 1), ('units', 'activity', 1),
    ('单位', 'activity', 1), ('万单位', 'activity', 10000), ('meq', 'charge', 1), ('mmol', 'amount', 1),
    ('tablet', 'piece', 1), ('tab', 'piece', 1), ('capsule', 'piece', 1), ('cap', 'piece', 1),
    ('sachet', 'piece', 1), ('pill', 'piece', 1), ('patch', 'piece', 1), ('vial', 'piece', 1),
    ('amp', 'piece', 1), ('ampoule', 'piece', 1), ('supp', 'piece', 1), ('片', 'piece', 1),
    ('粒', 'piece', 1), ('丸', 'piece', 1), ('袋', 'piece', 1), ('支', 'piece', 1), ('枚', 'piece', 1),
    ('贴', 'piece', 1), ('瓶', 'piece', 1)
) AS u(unit, basis, factor);

CREATE TABLE stage.line AS
WITH written AS (
    SELECT l.rxno, l.rxno || '#' || CAST(l.rx_line_no AS VARCHAR) AS line_id, l.feedetl_sn, l.psn_no,
        l.dr_codg, r.fixmedins_code, r.day, r.second_no, r.in_quarter, r.setting, l.list_type,
        l.med_list_codg, l.sin_doscnt, l.sin_dosunt, l.used_frqu_codg, l.medc_way_codg, l.prd_days,
        l.net_amt, l.drug_genname, l.drug_kind, l.atc_code, l.inj_flag, l.strength, l.strength_unit, l.ddd,
        l.max_daily_dose, l.abx_tier, l.control_class, l.bas_medn_flag, l.hi_nego_drug_flag, l.vbp_group,
        l.vbp_selected_flag, l.preg_contra_flag
    FROM rx_line l JOIN stage.rx r ON r.rxno = l.rxno
), bought AS (
    SELECT CAST(NULL AS VARCHAR) AS rxno, n.feedetl_sn AS line_id, n.feedetl_sn, n.psn_no,
        n.bilg_dr_codg AS dr_codg, n.fixmedins_code, n.day,
        CAST(n.day AS BIGINT) * 86400 + hour(n.fee_ocur_time) * 3600 + minute(n.fee_ocur_time) * 60
            + second(n.fee_ocur_time) AS second_no,
        n.in_quarter,
        CASE WHEN n.med_type LIKE '2%' OR n.med_type LIKE '52%' THEN '3' ELSE '1' END AS setting,
        n.list_type, n.hilist_code AS med_list_codg, n.sin_doscnt, n.sin_dosunt, n.used_frqu_codg,
        n.medc_way_codg, n.prd_days, n.net_amt, d.drug_genname, d.drug_kind, d.atc_code, d.inj_flag,
        d.strength, d.strength_unit, d.ddd, d.max_daily_dose, d.abx_tier, d.control_class, d.bas_medn_flag,
        d.hi_nego_drug_flag, d.vbp_group, d.vbp_selected_flag, d.preg_contra_flag
    FROM net_line n
    LEFT JOIN stage.rx r ON r.rxno = n.rxno
    LEFT JOIN drug d ON d.med_list_codg = n.hilist_code
    WHERE r.rxno IS NULL AND n.list_type IN ('101', '102', '103', '104')
), every AS (
    SELECT * FROM written UNION ALL SELECT * FROM bought
)
SELECT e.rxno, e.line_id, e.feedetl_sn, e.psn_no, e.dr_codg, e.fixmedins_code, e.day, e.second_no,
    e.in_quarter, e.setting, (e.list_type = '102' OR coalesce(e.drug_kind, '') = '13') AS piece,
    e.med_list_codg, e.drug_genname,
    CASE WHEN length(e.atc_code) = 7 THEN e.atc_code
         ELSE 'G:' || coalesce(e.drug_genname, e.med_list_codg) END AS substance,
    CASE WHEN length(e.atc_code) >= 5 THEN substr(e.atc_code, 1, 5)
         ELSE 'G:' || coalesce(e.drug_genname, e.med_list_codg) END AS class4,
    substr(e.atc_code, 1, 1) AS atc1, e.atc_code, e.prd_days, e.used_frqu_codg, e.medc_way_codg, e.sin_doscnt,
    e.sin_dosunt, CAST(e.net_amt * 100 AS BIGINT) AS net_fen, e.inj_flag, e.abx_tier, e.control_class,
    e.bas_medn_flag, e.hi_nego_drug_flag, e.vbp_group, e.vbp_selected_flag, e.preg_contra_flag,
    e.strength, e.ddd, e.max_daily_dose, q.per_day,
    CAST(CASE WHEN du.basis = su.basis THEN CAST(e.sin_doscnt AS DOUBLE) * du.factor / su.factor
         WHEN du.basis = 'piece' THEN CAST(e.sin_doscnt AS DOUBLE) * CAST(e.strength AS DOUBLE)
         END AS DOUBLE) AS single_dose
FROM every e
LEFT JOIN frequency q ON q.used_frqu_codg = e.used_frqu_codg
LEFT JOIN stage.unit du ON du.unit = lower(trim(e.sin_dosunt))
LEFT JOIN stage.unit su ON su.unit = lower(trim(e.strength_unit));
