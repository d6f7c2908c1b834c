-- Every line of the quarter against the points of its drug; a violated point gives a row.
CREATE OR REPLACE TEMP TABLE violated AS
WITH line AS (
    SELECT n.*, (n.fee_ocur_time::DATE - p.brdy)::INTEGER AS age_days, p.gend, i.hosp_lv AS place_level,
        coalesce(n.chrgitm_lv, d.chrgitm_lv) AS paid_level
    FROM net_line n JOIN person p USING (psn_no) JOIN institution i USING (fixmedins_code)
    LEFT JOIN drug d ON d.med_list_codg = n.hilist_code
), visit AS (
    SELECT mdtrt_id, string_agg(diag_code, ' ') AS visit_codes FROM diagnosis GROUP BY mdtrt_id
), pair AS (
    SELECT l.*, v.visit_codes, k.kp_id, k.rule_name, k.gz_code, k.rule_class, k.sex, k.age_min_days AS least_age,
        k.age_max_days AS most_age, k.med_type AS paid_types, k.hosp_lv AS least_level, k.insutype AS paid_insurance,
        k.course_days, k.course_scope, k.icd, k.tcm_use, k.limit_text
    FROM line l JOIN point_of_drug k ON k.code = l.hilist_code LEFT JOIN visit v ON v.mdtrt_id = l.mdtrt_id
    WHERE NOT (k.rule_class = '政策类' AND coalesce(l.paid_level, '') = '03')
        AND (k.begndate IS NULL OR l.fee_ocur_time::DATE >= k.begndate::DATE)
        AND (k.enddate IS NULL OR l.fee_ocur_time::DATE < k.enddate::DATE)
), judged AS (
    SELECT feedetl_sn, kp_id, rule_name, gz_code, rule_class, coalesce(limit_text, '') AS limit_text, CASE
        WHEN sex IS NOT NULL AND gend <> sex THEN 'sex ' || gend || ', limit ' || sex
        WHEN try_cast(least_age AS INTEGER) > age_days THEN 'age ' || age_days || ' d, least ' || least_age
        WHEN try_cast(most_age AS INTEGER) < age_days THEN 'age ' || age_days || ' d, most ' || most_age
        WHEN NOT regexp_matches(med_type, '^(' || replace(paid_types, ' ', '|') || ')')
            THEN 'med_type ' || med_type || ', paid ' || paid_types
        WHEN try_cast(least_level AS INTEGER) > try_cast(place_level AS INTEGER)
            THEN 'hosp_lv ' || place_level || ', least ' || least_level
        WHEN NOT (' ' || paid_insurance || ' ' LIKE '% ' || setl_insutype || ' %')
            THEN 'insutype ' || setl_insutype || ', paid ' || paid_insurance
        -- A code of the visit begins with one of the prefixes; what a pattern would take for a sign is put in brackets.
        WHEN NOT regexp_matches(' ' || coalesce(visit_codes, ''), ' ('
            || replace(replace(replace(replace(icd, '.', '[.]'), '+', '[+]'), '*', '[*]'), ' ', '|') || ')')
            THEN 'no diagnosis of ' || icd
        WHEN tcm_use = 'never' THEN 'never paid'
    END AS why
    FROM pair WHERE in_quarter
)
SELECT feedetl_sn, kp_id, rule_name, gz_code, rule_class, limit_text, why FROM judged WHERE why IS NOT NULL;

-- A piece that is not paid alone: every piece of its prescription is such a piece.
INSERT INTO violated
WITH piece AS (
    SELECT n.*, coalesce(n.chrgitm_lv, d.chrgitm_lv) AS paid_level, k.kp_id, k.rule_name, k.gz_code, k.rule_class,
        k.limit_text, k.tcm_use
    FROM net_line n LEFT JOIN drug d ON d.med_list_codg = n.hilist_code
    LEFT JOIN point_of_drug k ON k.code = n.hilist_code AND k.tcm_use = 'not_alone'
        AND (k.begndate IS NULL OR n.fee_ocur_time::DATE >= k.begndate::DATE)
        AND (k.enddate IS NULL OR n.fee_ocur_time::DATE < k.enddate::DATE)
    WHERE n.list_type = '102' AND n.rxno IS NOT NULL
), alone AS (
    SELECT rxno FROM piece GROUP BY rxno HAVING bool_and(kp_id IS NOT NULL)
)
SELECT feedetl_sn, kp_id, rule_name, gz_code, rule_class, coalesce(limit_text, ''), 'only pieces not paid alone'
FROM piece SEMI JOIN alone USING (rxno)
WHERE in_quarter AND NOT (rule_class = '政策类' AND coalesce(paid_level, '') = '03');
