-- An institution as the one that settles: the quarter's settlements that stand. Grain: fixmedins_code.
CREATE TABLE stage.institution_visit AS
SELECT v.fixmedins_code, count(*) AS n_visits, count(DISTINCT v.psn_no) AS n_persons,
    count(DISTINCT v.day) AS n_days,
    CAST(sum(v.net_fen) AS BIGINT) AS fen, CAST(sum(v.fund_fen) AS BIGINT) AS fund_fen,
    CAST(sum(v.drug_fen) AS BIGINT) AS drug_fen, CAST(sum(v.selfpaid_fen) AS BIGINT) AS selfpaid_fen,
    CAST(sum(v.pieces_fen) AS BIGINT) AS pieces_fen,
    count(CASE WHEN v.hour_no < 7 OR v.hour_no >= 20 THEN 1 END) AS n_night,
    count(CASE WHEN v.elsewhere THEN 1 END) AS n_elsewhere, count(v.elsewhere) AS n_area,
    count(CASE WHEN v.mdtrt_cert_type = '03' THEN 1 END) AS n_card, count(v.mdtrt_cert_type) AS n_credential,
    count(CASE WHEN a.companions > 0 THEN 1 END) AS n_accompanied,
    count(s.setl_id) AS n_in_stay,
    count(CASE WHEN v.inpatient = FALSE THEN 1 END) AS n_outpatient
FROM stage.visit v
LEFT JOIN stage.accompanied a ON a.fixmedins_code = v.fixmedins_code AND a.day = v.day AND a.psn_no = v.psn_no
LEFT JOIN stage.visit_in_stay s ON s.setl_id = v.setl_id
WHERE v.in_quarter GROUP BY v.fixmedins_code;

-- Mean settlement against the institutions of the same kind (class, else type and level), itself left out, and
-- this quarter against the mean of the earlier quarters that the folder holds.
CREATE TABLE stage.institution_peer AS
WITH kind AS (
    SELECT v.fixmedins_code, v.n_visits, v.fen, v.n_persons,
        coalesce(i.inst_class, i.fixmedins_type || coalesce(i.hosp_lv, '')) AS kind
    FROM stage.institution_visit v JOIN institution i ON i.fixmedins_code = v.fixmedins_code
), peer AS (
    SELECT kind, count(*) AS n, CAST(sum(n_visits) AS BIGINT) AS n_visits, CAST(sum(fen) AS BIGINT) AS fen,
        CAST(sum(n_persons) AS BIGINT) AS n_persons
    FROM kind GROUP BY kind
)
SELECT k.fixmedins_code,
    CASE WHEN p.n > 1 AND p.fen > k.fen THEN (CAST(k.fen AS DOUBLE) / k.n_visits)
        / (CAST(p.fen - k.fen AS DOUBLE) / (p.n_visits - k.n_visits)) END AS amount_to_peers,
    CASE WHEN p.n > 1 THEN (CAST(k.n_visits AS DOUBLE) / k.n_persons)
        / (CAST(p.n_visits - k.n_visits AS DOUBLE) / (p.n_persons - k.n_persons)) END AS visits_to_peers
FROM kind k JOIN peer p ON p.kind = k.kind;

CREATE TABLE stage.institution_growth AS
WITH earlier AS (
    SELECT v.fixmedins_code, CAST(sum(v.net_fen) AS BIGINT) AS fen,
        max((m.begin_day - 1 - v.day) // 91) + 1 AS quarters
    FROM stage.visit v CROSS JOIN stage.moment m
    WHERE NOT v.in_quarter AND v.day >= m.begin_day - 364 GROUP BY v.fixmedins_code
)
SELECT i.fixmedins_code, CAST(i.fen AS DOUBLE) * e.quarters / e.fen AS growth
FROM stage.institution_visit i JOIN earlier e ON e.fixmedins_code = i.fixmedins_code WHERE e.fen > 0;

-- What it charges. Grain: fixmedins_code (the one that settles), the quarter's lines net of refunds.
CREATE TABLE stage.institution_line AS
SELECT n.fixmedins_code, count(*) AS n_lines, CAST(sum(n.net_amt) * 100 AS BIGINT) AS fen,
    count(CASE WHEN n.medins_list_name IS NOT NULL AND d.med_list_codg IS NOT NULL THEN 1 END) AS n_named,
    count(CASE WHEN n.medins_list_name <> n.hilist_name AND strpos(n.medins_list_name, d.drug_genname) = 0
        AND strpos(n.hilist_name, n.medins_list_name) = 0 THEN 1 END) AS n_other_name,
    CAST(sum(CASE WHEN p.n_lines >= 10 THEN n.net_amt ELSE 0 END) * 100 AS BIGINT) AS priced_fen,
    CAST(sum(CASE WHEN p.n_lines >= 10 THEN CAST(round(CAST(n.net_amt * 100 AS DOUBLE) * p.median_micro
        / greatest(round(CAST(n.pric AS DOUBLE) * 1000000 / CAST(d.units_per_pack AS DOUBLE)), 1)) AS BIGINT) ELSE 0 END) AS BIGINT) AS median_fen,
    count(CASE WHEN n.day > q.dead_date - DATE '1970-01-01' THEN 1 END) AS n_after_death
FROM net_line n
JOIN person q ON q.psn_no = n.psn_no
LEFT JOIN drug d ON d.med_list_codg = n.hilist_code
LEFT JOIN stage.product p ON p.med_list_codg = n.hilist_code
WHERE n.in_quarter GROUP BY n.fixmedins_code;

CREATE TABLE stage.institution_top AS
WITH product AS (
    SELECT fixmedins_code, CAST(sum(net_amt) * 100 AS BIGINT) AS fen FROM net_line
    WHERE in_quarter AND list_type IN ('101', '102', '103', '104') GROUP BY fixmedins_code, hilist_code
), person AS (
    SELECT fixmedins_code, psn_no, CAST(sum(fund_fen) AS BIGINT) AS fen,
        row_number() OVER (PARTITION BY fixmedins_code ORDER BY sum(fund_fen) DESC, psn_no) AS place
    FROM stage.visit WHERE in_quarter GROUP BY fixmedins_code, psn_no
), amount AS (
    SELECT fixmedins_code, count(*) AS n FROM stage.visit WHERE in_quarter AND NOT inpatient
    GROUP BY fixmedins_code, net_fen
), top_product AS (
    SELECT fixmedins_code, CAST(max(fen) AS DOUBLE) / nullif(CAST(sum(fen) AS BIGINT), 0) AS share
    FROM product GROUP BY fixmedins_code
), top_person AS (
    SELECT fixmedins_code, CAST(sum(CASE WHEN place <= 10 THEN fen ELSE 0 END) AS DOUBLE)
        / nullif(CAST(sum(fen) AS BIGINT), 0) AS share
    FROM person GROUP BY fixmedins_code
), same_amount AS (
    SELECT fixmedins_code, CAST(max(n) AS DOUBLE) / CAST(sum(n) AS BIGINT) AS share
    FROM amount GROUP BY fixmedins_code
)
SELECT t.fixmedins_code, a.share AS top_product_share, t.share AS top_persons_share,
    s.share AS same_amount_share
FROM top_person t
LEFT JOIN top_product a ON a.fixmedins_code = t.fixmedins_code
LEFT JOIN same_amount s ON s.fixmedins_code = t.fixmedins_code;

CREATE TABLE stage.institution_refund AS
SELECT fixmedins_code, count(CASE WHEN refd_setl_flag = 1 THEN 1 END) AS refunds,
    count(CASE WHEN refd_setl_flag = 0 THEN 1 END) AS charges
FROM settlement WHERE setl_time >= (SELECT begin FROM stage.moment) GROUP BY fixmedins_code;
