WITH told AS (
    SELECT hilist_code AS one, unnest(string_split(trim(excl_codes), ' ')) AS other FROM service_item WHERE excl_codes IS NOT NULL
), pair AS (
    SELECT DISTINCT least(one, other) AS one, greatest(one, other) AS other FROM told WHERE one <> other
), concerned AS (
    SELECT one AS code FROM pair UNION SELECT other AS code FROM pair
), line AS (
    SELECT n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.day, n.hilist_code,
        n.hilist_name, n.stake_amt
    FROM net_line n SEMI JOIN concerned c ON c.code = n.hilist_code WHERE n.in_quarter AND n.list_type = '201'
), met AS (
    SELECT a.feedetl_sn AS first_sn, b.feedetl_sn AS second_sn, a.stake_amt < b.stake_amt AS first_is_less,
        a.hilist_name AS first_name, b.hilist_name AS second_name
    FROM line a JOIN pair p ON p.one = a.hilist_code
    JOIN line b ON b.hilist_code = p.other AND b.psn_no = a.psn_no AND b.fixmedins_code = a.fixmedins_code AND b.day = a.day
), lesser AS (
    -- Of the two the cheaper one is in question; once, however many it meets.
    SELECT CASE WHEN first_is_less THEN first_sn ELSE second_sn END AS feedetl_sn,
        min(CASE WHEN first_is_less THEN second_name ELSE first_name END) AS with_name
    FROM met GROUP BY 1
)
SELECT NULL AS rxno, l.setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.bilg_dr_codg AS dr_codg, l.fee_ocur_time,
    l.fixmedins_code AS subject_code, l.stake_amt AS amount, {'item': l.hilist_name, 'with_item': m.with_name} AS facts
FROM line l JOIN lesser m ON m.feedetl_sn = l.feedetl_sn
