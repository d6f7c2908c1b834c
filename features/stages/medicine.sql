-- Drugs by the number of their code: what they are made of, and what the catalogue says. Grain: item. A drug
-- without an ATC code is its generic name, one that is not in the catalogue its code.
CREATE TABLE stage.medicine AS
WITH named AS (
    SELECT k.item, k.hilist_code AS med_list_codg, d.drug_genname, d.drug_kind, d.atc_code,
        CASE WHEN length(d.atc_code) = 7 THEN d.atc_code
             ELSE 'G:' || coalesce(d.drug_genname, k.hilist_code) END AS substance_name,
        CASE WHEN length(d.atc_code) >= 5 THEN substr(d.atc_code, 1, 5)
             ELSE 'G:' || coalesce(d.drug_genname, k.hilist_code) END AS class_name,
        substr(d.atc_code, 1, 1) AS atc1, d.dosform, d.strength, d.strength_unit, d.units_per_pack, d.ddd,
        d.max_daily_dose, d.inj_flag, d.abx_tier, d.control_class, d.bas_medn_flag, d.hi_nego_drug_flag,
        d.vbp_group, d.vbp_selected_flag, d.preg_contra_flag, d.sex_limit, d.age_min_days, d.age_max_days,
        d.lmt_icd, d.lmt_hosp_lv, d.med_list_codg IS NOT NULL AS listed
    FROM item_key k LEFT JOIN drug d ON d.med_list_codg = k.hilist_code
)
SELECT n.*, CASE WHEN atc1 IS NULL THEN 0 ELSE CAST(power(2, ascii(atc1) % 32) AS BIGINT) END AS atc1_bit,
    sex_limit IS NOT NULL OR age_min_days IS NOT NULL OR age_max_days IS NOT NULL OR lmt_hosp_lv IS NOT NULL
        OR lmt_icd IS NOT NULL OR coalesce(control_class, '') IN ('N', 'P1') AS limited,
    CAST(dense_rank() OVER (ORDER BY n.substance_name) AS INTEGER) AS substance,
    CAST(dense_rank() OVER (ORDER BY n.class_name) AS INTEGER) AS class4
FROM named n;
