-- Every line of the quarter against the points of its drug; a violated point gives a row. Nothing is read from the
-- drug table: a line is self-paid when it says so itself. over_days and line_days: the part of a line above a course.
CREATE OR REPLACE TEMP TABLE violated AS
WITH line AS (
    SELECT n.*, (n.fee_ocur_time::DATE - p.brdy)::INTEGER AS age_days, p.gend, i.hosp_lv AS place_level
    FROM net_line n JOIN person p USING (psn_no) JOIN institution i USING (fixmedins_code)
    WHERE n.in_quarter
), visit AS (
    SELECT mdtrt_id, string_agg(upper(diag_code), ' ' ORDER BY diag_code) AS visit_codes FROM diagnosis GROUP BY mdtrt_id
), pair AS (
    SELECT l.*, v.visit_codes, k.kp_id, k.rule_name, k.gz_code, k.rule_class, k.sex, k.age_min_days AS least_age,
        k.age_max_days AS most_age, k.med_type AS paid_types, k.hosp_lv AS least_level, k.insutype AS paid_insurance,
        k.icd, k.tcm_use, k.limit_text
    FROM line l JOIN point_of_drug k ON k.code = l.hilist_code LEFT JOIN visit v ON v.mdtrt_id = l.mdtrt_id
    WHERE NOT (k.rule_class = '政策类' AND coalesce(l.chrgitm_lv, '') = '03')
        AND (k.begndate IS NULL OR l.fee_ocur_time::DATE >= k.begndate::DATE)
        AND (k.enddate IS NULL OR l.fee_ocur_time::DATE < k.enddate::DATE)
), judged AS (
    SELECT *, CASE
        WHEN sex IS NOT NULL AND gend <> sex THEN 'sex'
        WHEN try_cast(least_age AS INTEGER) > age_days THEN 'age_min'
        WHEN try_cast(most_age AS INTEGER) < age_days THEN 'age_max'
        WHEN NOT regexp_matches(upper(med_type), '^(' || replace(paid_types, ' ', '|') || ')') THEN 'med_type'
        WHEN try_cast(least_level AS INTEGER) > try_cast(place_level AS INTEGER) THEN 'hosp_lv'
        WHEN NOT (' ' || paid_insurance || ' ' LIKE '% ' || upper(setl_insutype) || ' %') THEN 'insutype'
        -- A code of the visit begins with one of the prefixes; what a pattern would take for a sign is put in brackets.
        WHEN NOT regexp_matches(' ' || coalesce(visit_codes, ''), ' ('
            || replace(replace(replace(replace(icd, '.', '[.]'), '+', '[+]'), '*', '[*]'), ' ', '|') || ')')
            THEN 'icd'
        WHEN tcm_use = 'never' THEN 'tcm_never'
    END AS kind
    FROM pair
)
SELECT feedetl_sn, kp_id, rule_name, gz_code, rule_class, coalesce(limit_text, '') AS limit_text, kind,
    CASE kind WHEN 'sex' THEN gend WHEN 'age_min' THEN age_days::VARCHAR WHEN 'age_max' THEN age_days::VARCHAR
        WHEN 'med_type' THEN med_type WHEN 'hosp_lv' THEN place_level WHEN 'insutype' THEN setl_insutype
        WHEN 'icd' THEN coalesce(visit_codes, '') ELSE '' END AS value,
    CASE kind WHEN 'sex' THEN sex WHEN 'age_min' THEN least_age WHEN 'age_max' THEN most_age
        WHEN 'med_type' THEN paid_types WHEN 'hosp_lv' THEN least_level WHEN 'insutype' THEN paid_insurance
        WHEN 'icd' THEN icd ELSE '' END AS bound,
    1 AS over_days, 1 AS line_days
FROM judged WHERE kind IS NOT NULL;

-- A piece that is not paid alone: every piece of its prescription is such a piece.
INSERT INTO violated
WITH piece AS (
    SELECT n.feedetl_sn, n.rxno, n.in_quarter, n.self_paid, k.kp_id, k.rule_name, k.gz_code, k.rule_class, k.limit_text
    FROM history_line n
    LEFT JOIN point_of_drug k ON k.code = n.hilist_code AND k.tcm_use = 'not_alone'
        AND (k.begndate IS NULL OR n.fee_ocur_time::DATE >= k.begndate::DATE)
        AND (k.enddate IS NULL OR n.fee_ocur_time::DATE < k.enddate::DATE)
    WHERE n.list_type = '102' AND n.rxno IS NOT NULL
), alone AS (
    SELECT rxno FROM piece GROUP BY rxno HAVING bool_and(kp_id IS NOT NULL)
)
SELECT feedetl_sn, kp_id, rule_name, gz_code, rule_class, coalesce(limit_text, ''), 'tcm_alone', '', '', 1, 1
FROM piece SEMI JOIN alone USING (rxno)
WHERE in_quarter AND NOT (rule_class = '政策类' AND self_paid);
