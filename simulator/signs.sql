-- Crude signs of each prescription, as one would write them first: each a column of 0 and 1, on what is in the folder.
WITH line AS (
    SELECT l.*, d.abx_tier, d.atc_code, d.drug_kind, d.max_daily_dose, d.control_class,
        CASE used_frqu_codg WHEN '11' THEN 1 WHEN '12' THEN 2 WHEN '13' THEN 3 END AS times
    FROM fee_line l JOIN drug d ON d.med_list_codg = l.hilist_code WHERE l.rxno IS NOT NULL AND l.cnt > 0
), seen AS (
    SELECT mdtrt_id, bool_or(diag_code IN ('J06', 'J11')) AND bool_and(diag_code NOT IN ('J18', 'J20', 'N39', 'N73')) AS viral
    FROM diagnosis GROUP BY 1
), twice AS (
    SELECT drug_trac_codg FROM drug_trace GROUP BY 1 HAVING count(*) > 1
), scanned AS (
    SELECT DISTINCT l.rxno FROM drug_trace t JOIN fee_line l USING (feedetl_sn) WHERE t.drug_trac_codg IN (FROM twice)
), classes AS (
    SELECT rxno, max(n) > 1 AS doubled
    FROM (SELECT rxno, left(atc_code, 4), count(DISTINCT hilist_code) AS n FROM line WHERE atc_code IS NOT NULL GROUP BY 1, 2)
    GROUP BY 1
), content AS (
    SELECT rxno, sum(det_item_fee_sumamt)::DOUBLE AS amount, count(DISTINCT hilist_code) FILTER (drug_kind <> '13') AS drugs,
        max(prd_days) AS days, max(abx_tier) AS tier, bool_or(atc_code LIKE 'J01%') AS antibacterial,
        bool_or(drug_kind = '13') AND bool_or(drug_kind <> '13') AS mixed,
        bool_or(sin_doscnt * times > max_daily_dose * 1.001) AS dose,
        bool_or(medins_list_name <> hilist_name) AS named,
        bool_or(control_class IN ('N', 'P1')) AS narcotic,
        count(*) > count(DISTINCT hilist_code) AS repeated
    FROM line GROUP BY 1
), prescribed AS (
    SELECT DISTINCT rxno, med_list_codg FROM prescription_line
), other AS (
    SELECT DISTINCT l.rxno FROM line l SEMI JOIN prescribed p ON p.rxno = l.rxno
        ANTI JOIN prescribed q ON q.rxno = l.rxno AND q.med_list_codg = l.hilist_code
), claimed AS (
    SELECT DISTINCT mdtrt_id FROM settlement s WHERE med_type LIKE '14%' AND NOT EXISTS (
        SELECT 1 FROM opsp_registration o WHERE o.psn_no = s.psn_no AND o.opsp_dise_code = s.dise_codg
            AND s.begndate::DATE BETWEEN o.begndate AND coalesce(o.enddate, DATE '9999-12-31'))
), near AS (
    SELECT rxno, count(*) OVER (PARTITION BY psn_no, dr_codg, prsc_time::DATE) > 1 AS same_day,
        count(*) OVER (PARTITION BY dr_codg ORDER BY prsc_time RANGE BETWEEN INTERVAL 12 MINUTE PRECEDING
            AND INTERVAL 12 MINUTE FOLLOWING) >= 5 AS burst
    FROM prescription
)
SELECT p.rxno, p.prsc_time, p.psn_no, p.dr_codg, p.fixmedins_code, amount,
    c.drugs > 5 AS over_five_drugs,
    coalesce(c.days > CASE WHEN p.setting = '2' THEN 3 ELSE 7 END AND p.setting <> '3', FALSE) AS over_days,
    coalesce(over_days AND p.long_rx_flag = 0 AND p.ext_reason IS NULL, FALSE) AS over_days_no_reason,
    s.mdtrt_id IS NULL AS no_diagnosis,
    p.phar_codg IS NULL AS not_checked,
    coalesce(p.usage_text = '遵医嘱', FALSE) AS vague,
    coalesce(c.antibacterial AND s.viral, FALSE) AS antibacterial_for_virus,
    coalesce(c.tier > q.abx_tier, FALSE) AS beyond_tier,
    coalesce(c.narcotic AND q.narcotic_flag = 0, FALSE) AS without_right,
    coalesce(c.dose, FALSE) AS over_dose,
    coalesce(k.doubled, FALSE) AS one_class_twice,
    coalesce(c.mixed, FALSE) AS mixed_pieces,
    coalesce(date_diff('day', r.brdy, p.prsc_time::DATE) < 1095 AND p.age_text IS NULL, FALSE) AS infant_age_missing,
    coalesce(p.prsc_time::DATE > r.dead_date, FALSE) AS after_death,
    p.rxno IN (FROM scanned) AS code_twice,
    coalesce(c.named, FALSE) AS own_name,
    p.rxno IN (FROM other) AS billed_other,
    p.mdtrt_id IN (FROM claimed) AS benefit_unregistered,
    c.repeated AS drug_charged_again,
    n.same_day AS several_a_day,
    n.burst AS burst
FROM prescription p JOIN content c USING (rxno) LEFT JOIN classes k USING (rxno) LEFT JOIN seen s USING (mdtrt_id)
    JOIN person r USING (psn_no) JOIN practitioner q USING (dr_codg) JOIN near n USING (rxno)
ORDER BY p.rxno
