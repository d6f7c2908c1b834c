-- An essential drug of the same chemical subgroup (five characters of ATC) and form of use was charged at the same
-- institution in the quarter. Negotiated drugs, a written reason and children
-- under fourteen, who need forms of their own, are excepted.
WITH sold AS (
    SELECT DISTINCT n.fixmedins_code, n.hilist_code FROM net_line n WHERE n.in_quarter AND n.list_type = '101'
), essential AS (
    SELECT s.fixmedins_code, substr(d.atc_code, 1, 5) AS subgroup, d.inj_flag, min(d.drug_genname) AS instead
    FROM sold s JOIN drug d ON d.med_list_codg = s.hilist_code
    WHERE d.bas_medn_flag = 1 AND length(d.atc_code) >= 5 GROUP BY s.fixmedins_code, substr(d.atc_code, 1, 5), d.inj_flag
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount, {'drug': l.drug_genname, 'instead': e.instead} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
JOIN essential e ON e.fixmedins_code = f.fixmedins_code AND e.subgroup = substr(l.atc_code, 1, 5) AND e.inj_flag = l.inj_flag
WHERE l.in_quarter AND l.bas_medn_flag = 0 AND l.hi_nego_drug_flag = 0 AND l.list_type = '101'
    AND f.setting IN ('1', '2') AND coalesce(f.ext_reason, '') = '' AND l.drug_genname <> e.instead AND f.age_days >= 5114
