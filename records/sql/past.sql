-- What rules may ask of the time before the quarter, seen in the rows of a connection: of the whole look-back, or of a
-- past month by itself, whose part they are (basis/carried). setl_id names the settlement that a row comes from.

-- Supplies, and service items whose number is limited. Grain: feedetl_sn. Days of supply as they are written, and, where
-- they are not, those that the quantity lasts; null where neither is known. self_paid and approved are never null.
CREATE VIEW past_line AS
WITH counted AS (
    SELECT med_list_codg AS code, units_per_pack, strength, strength_unit FROM drug
    UNION ALL
    SELECT i.hilist_code AS code, NULL AS units_per_pack, NULL AS strength, NULL AS strength_unit
    FROM service_item i ANTI JOIN drug d ON d.med_list_codg = i.hilist_code WHERE i.freq_max > 0
)
SELECT n.fee_row, n.feedetl_sn, n.setl_id, n.psn_row, n.psn_no, n.fixmedins_code, n.mdtrt_id, n.rxno, n.hilist_code, n.list_type,
    n.med_type LIKE '2%' AS in_stay, coalesce(n.chrgitm_lv, '') = '03' AS self_paid,
    coalesce(n.hosp_appr_flag, '0') = '1' AS approved, n.fee_ocur_time, n.day, n.net_cnt,
    CAST(ceil(n.prd_days) AS INTEGER) AS days_written,
    CASE WHEN n.prd_days IS NULL THEN TRY_CAST(floor(
        CAST(n.net_cnt AS DOUBLE) * CAST(c.units_per_pack AS DOUBLE) * CAST(c.strength AS DOUBLE) / nullif(
            single_dose(n.sin_doscnt, u.kind, u.factor, CAST(c.strength AS DOUBLE), s.kind, s.factor) * CAST(q.per_day AS DOUBLE), 0)
        + 0.000001) AS INTEGER) END AS days_lasting,
    n.in_quarter
FROM net_line n
LEFT JOIN counted c ON c.code = n.hilist_code
LEFT JOIN dose_unit u ON u.unit = lower(trim(n.sin_dosunt))
LEFT JOIN dose_unit s ON s.unit = lower(trim(c.strength_unit))
LEFT JOIN frequency q ON q.used_frqu_codg = n.used_frqu_codg
WHERE c.code IS NOT NULL OR n.list_type NOT IN ('201', '301');

-- Inpatient stays with their first and last moment, as each of their settlements says it.
CREATE VIEW past_stay AS
SELECT DISTINCT setl_id, mdtrt_id, psn_no, fixmedins_code, setl_begndate AS began, setl_enddate AS ended
FROM net_line WHERE med_type LIKE '2%';

-- Service items by place, codes of drugs, and days, with their lines (n), which add up.
CREATE VIEW past_item AS
SELECT fixmedins_code, hilist_name, med_chrgitm_type, count(*) AS n
FROM net_line WHERE list_type = '201' GROUP BY fixmedins_code, hilist_name, med_chrgitm_type;

CREATE VIEW past_code AS
SELECT hilist_code, count(*) AS n FROM net_line WHERE list_type NOT IN ('201', '301') GROUP BY hilist_code;

CREATE VIEW past_day AS
SELECT CAST(fee_ocur_time AS DATE) AS on_day, count(*) AS n FROM net_line GROUP BY CAST(fee_ocur_time AS DATE);

-- Sales and returns of trace codes; split: 1 where packs are sold in parts.
CREATE VIEW past_trace AS
SELECT t.feedetl_sn, t.drug_trac_codg, CAST(t.sel_retn_cnt > 0 AS BIGINT) AS sold,
    CAST(t.sel_retn_cnt < 0 AS BIGINT) AS returned, t.trdn_flag AS split
FROM drug_trace t;
