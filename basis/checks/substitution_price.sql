-- An own name that does not say the drug, at a price far from the middle of the institutions that charge the code.
WITH low AS (
    SELECT hilist_code, fixmedins_code, min(pric) AS price FROM net_line
    WHERE in_quarter AND list_type = '101' GROUP BY hilist_code, fixmedins_code
), usual AS (
    SELECT hilist_code, percentile_disc(0.5) WITHIN GROUP (ORDER BY price) AS middle FROM low
    GROUP BY hilist_code HAVING count(*) >= 3
)
SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    coalesce(n.rxno, n.feedetl_sn) AS subject_code, n.stake_amt AS amount,
    {'own': n.medins_list_name, 'listed': n.hilist_name, 'price': n.pric::DECIMAL(16, 2)::VARCHAR,
     'usual': u.middle::DECIMAL(16, 2)::VARCHAR} AS facts
FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code JOIN usual u ON u.hilist_code = n.hilist_code
WHERE n.in_quarter AND n.list_type = '101' AND n.medins_list_name <> n.hilist_name
    AND NOT contains(n.medins_list_name, d.drug_genname) AND NOT contains(n.hilist_name, n.medins_list_name)
    AND (100 * n.pric::DOUBLE >= u.middle::DOUBLE * limit_of('substitution-price', 'least_percent_above', n.fee_ocur_time)
        OR 100 * n.pric::DOUBLE <= u.middle::DOUBLE * limit_of('substitution-price', 'most_percent_below', n.fee_ocur_time))
