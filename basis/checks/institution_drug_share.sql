-- The share of drugs in what was charged, beside the middle of the same class and level; fewer than five
-- comparable institutions give no comparison.
WITH summed AS (
    SELECT n.fixmedins_code, sum((n.net_amt * 100)::BIGINT) AS fen, max(n.fee_ocur_time) AS last_time,
        sum(CASE WHEN n.list_type IN ('101', '102', '103', '104') THEN (n.net_amt * 100)::BIGINT ELSE 0 END) AS drug_fen,
        count(DISTINCT n.setl_id) AS settlements
    FROM net_line n WHERE n.in_quarter GROUP BY n.fixmedins_code
), shared AS (
    SELECT s.fixmedins_code, s.last_time, coalesce(i.inst_class, '') || '/' || coalesce(i.hosp_lv, '') AS class,
        (1000 * s.drug_fen // s.fen)::INTEGER AS permille
    FROM summed s JOIN institution i ON i.fixmedins_code = s.fixmedins_code
    WHERE i.fixmedins_type = '1' AND s.fen > 0
        AND s.settlements >= limit_of('institution-drug-share', 'least_settlements', s.last_time)
), usual AS (
    SELECT class, percentile_disc(0.5) WITHIN GROUP (ORDER BY permille) AS middle FROM shared
    GROUP BY class HAVING count(*) >= 5
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, NULL AS psn_no, s.fixmedins_code, NULL AS dr_codg,
    s.last_time AS fee_ocur_time, s.fixmedins_code AS subject_code, 0 AS amount,
    {'share': (s.permille::DECIMAL(10, 1) * 0.1)::DECIMAL(10, 1)::VARCHAR,
     'usual': (u.middle::DECIMAL(10, 1) * 0.1)::DECIMAL(10, 1)::VARCHAR} AS facts
FROM shared s JOIN usual u ON u.class = s.class
WHERE s.permille > u.middle + 10 * limit_of('institution-drug-share', 'most_points_above', s.last_time)
