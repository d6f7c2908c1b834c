-- A defined daily dose of the line's drug costs many times that of the cheapest product of the same substance and
-- form which the same institution charged in the quarter. Products without a defined dose are not compared.
WITH priced AS (
    SELECT n.fixmedins_code, n.hilist_code, min(n.pric)::DOUBLE AS price FROM net_line n
    WHERE n.in_quarter AND n.list_type = '101' GROUP BY n.fixmedins_code, n.hilist_code
), daily AS (
    SELECT p.fixmedins_code, p.hilist_code, d.atc_code, d.dosform, d.drug_genname,
        p.price * d.ddd::DOUBLE / (d.units_per_pack::DOUBLE * d.strength::DOUBLE) AS cost
    FROM priced p JOIN drug d ON d.med_list_codg = p.hilist_code
    WHERE d.ddd > 0 AND d.strength > 0 AND d.units_per_pack > 0 AND length(d.atc_code) = 7
), cheapest AS (
    SELECT fixmedins_code, atc_code, dosform, min(cost) AS least FROM daily GROUP BY fixmedins_code, atc_code, dosform
), dear AS (
    SELECT y.fixmedins_code, y.hilist_code, y.drug_genname, y.cost, c.least FROM daily y JOIN cheapest c
        ON c.fixmedins_code = y.fixmedins_code AND c.atc_code = y.atc_code AND c.dosform = y.dosform
    WHERE y.cost > c.least
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount,
    {'drug': y.drug_genname, 'cost': (floor(y.cost * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR,
     'least': (floor(y.least * 100 + 0.5)::BIGINT * 0.01::DECIMAL(3, 2))::DECIMAL(16, 2)::VARCHAR,
     'amount': l.net_amt::VARCHAR} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
JOIN dear y ON y.fixmedins_code = f.fixmedins_code AND y.hilist_code = l.med_list_codg
WHERE l.in_quarter AND l.hi_nego_drug_flag = 0 AND coalesce(f.ext_reason, '') = ''
    AND y.cost >= y.least * limit_of('rx-high-price', 'least_times', f.prsc_time)
    AND l.net_amt >= limit_of('rx-high-price', 'least_amount', f.prsc_time)
