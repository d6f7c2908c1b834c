-- An institution as the one that settles: the quarter's settlements that stand. Grain: inst_row.
CREATE TABLE stage.institution_visit AS
SELECT v.inst_row, count(*) AS n_visits, count(DISTINCT v.psn_row) AS n_persons,
    count(DISTINCT v.day) AS n_days,
    CAST(sum(v.net_fen) AS BIGINT) AS fen, CAST(sum(v.fund_fen) AS BIGINT) AS fund_fen,
    CAST(sum(v.drug_fen) AS BIGINT) AS drug_fen, CAST(sum(v.selfpaid_fen) AS BIGINT) AS selfpaid_fen,
    CAST(sum(v.pieces_fen) AS BIGINT) AS pieces_fen,
    count(CASE WHEN v.hour_no < 7 OR v.hour_no >= 20 THEN 1 END) AS n_night,
    count(CASE WHEN v.elsewhere THEN 1 END) AS n_elsewhere, count(v.elsewhere) AS n_area,
    count(CASE WHEN v.mdtrt_cert_type = '03' THEN 1 END) AS n_card, count(v.mdtrt_cert_type) AS n_credential,
    count(CASE WHEN a.companions > 0 THEN 1 END) AS n_accompanied,
    count(s.setl_row) AS n_in_stay,
    count(CASE WHEN v.inpatient = FALSE THEN 1 END) AS n_outpatient
FROM stage.visit v
LEFT JOIN stage.accompanied a ON a.inst_row = v.inst_row AND a.day = v.day AND a.psn_row = v.psn_row
LEFT JOIN stage.visit_in_stay s ON s.setl_row = v.setl_row
WHERE v.in_quarter GROUP BY v.inst_row;

-- Mean settlement against the institutions of the same kind (class, else type and level), itself left out, and
-- this quarter against the mean of the earlier quarters that the folder holds.
CREATE TABLE stage.institution_peer AS
WITH kind AS (
    SELECT v.inst_row, v.n_visits, v.fen, v.n_persons,
        coalesce(i.inst_class, i.fixmedins_type || coalesce(i.hosp_lv, '')) AS kind
    FROM stage.institution_visit v JOIN institution i ON i.inst_row = v.inst_row
), peer AS (
    SELECT kind, count(*) AS n, CAST(sum(n_visits) AS BIGINT) AS n_visits, CAST(sum(fen) AS BIGINT) AS fen,
        CAST(sum(n_persons) AS BIGINT) AS n_persons
    FROM kind GROUP BY kind
)
SELECT k.inst_row,
    CASE WHEN p.n > 1 AND p.fen > k.fen THEN (CAST(k.fen AS DOUBLE) / k.n_visits)
        / (CAST(p.fen - k.fen AS DOUBLE) / (p.n_visits - k.n_visits)) END AS amount_to_peers,
    CASE WHEN p.n > 1 THEN (CAST(k.n_visits AS DOUBLE) / k.n_persons)
        / (CAST(p.n_visits - k.n_visits AS DOUBLE) / (p.n_persons - k.n_persons)) END AS visits_to_peers
FROM kind k JOIN peer p ON p.kind = k.kind;

CREATE TABLE stage.institution_growth AS
WITH earlier AS (
    SELECT v.inst_row, CAST(sum(v.net_fen) AS BIGINT) AS fen,
        max((m.begin_day - 1 - v.day) // 91) + 1 AS quarters
    FROM stage.visit v CROSS JOIN stage.moment m
    WHERE NOT v.in_quarter AND v.day >= m.begin_day - 364 GROUP BY v.inst_row
)
SELECT i.inst_row, CAST(i.fen AS DOUBLE) * e.quarters / e.fen AS growth
FROM stage.institution_visit i JOIN earlier e ON e.inst_row = i.inst_row WHERE e.fen > 0;

-- What it charges. Grain: inst_row (the one that settles), the quarter's lines net of refunds.
CREATE TABLE stage.institution_line AS
SELECT n.inst_row, count(*) AS n_lines, CAST(sum(n.net_fen) AS BIGINT) AS fen,
    count(n.other_name) AS n_named, count(CASE WHEN n.other_name THEN 1 END) AS n_other_name,
    CAST(sum(CASE WHEN p.n_lines >= 10 THEN n.net_fen ELSE 0 END) AS BIGINT) AS priced_fen,
    CAST(sum(CASE WHEN p.n_lines >= 10 THEN CAST(round(CAST(n.net_fen AS DOUBLE) * p.median_micro
        / greatest(round(CAST(n.pric AS DOUBLE) * 1000000 / CAST(m.units_per_pack AS DOUBLE)), 1)) AS BIGINT) ELSE 0 END) AS BIGINT) AS median_fen,
    count(CASE WHEN n.day > q.dead_date - DATE '1970-01-01' THEN 1 END) AS n_after_death
FROM net n
JOIN stage.medicine m ON m.item = n.item
LEFT JOIN stage.product p ON p.item = n.item
LEFT JOIN (SELECT psn_row, dead_date FROM person WHERE dead_date IS NOT NULL) q ON q.psn_row = n.psn_row
WHERE n.in_quarter GROUP BY n.inst_row;

CREATE TABLE stage.institution_top AS
WITH product AS (
    SELECT inst_row, CAST(sum(net_fen) AS BIGINT) AS fen FROM net
    WHERE in_quarter AND is_drug GROUP BY inst_row, item
), person AS (
    SELECT inst_row, psn_row, CAST(sum(fund_fen) AS BIGINT) AS fen,
        row_number() OVER (PARTITION BY inst_row ORDER BY sum(fund_fen) DESC, psn_row) AS place
    FROM stage.visit WHERE in_quarter GROUP BY inst_row, psn_row
), amount AS (
    SELECT inst_row, count(*) AS n FROM stage.visit WHERE in_quarter AND NOT inpatient
    GROUP BY inst_row, net_fen
), top_product AS (
    SELECT inst_row, CAST(max(fen) AS DOUBLE) / nullif(CAST(sum(fen) AS BIGINT), 0) AS share
    FROM product GROUP BY inst_row
), top_person AS (
    SELECT inst_row, CAST(sum(CASE WHEN place <= 10 THEN fen ELSE 0 END) AS DOUBLE)
        / nullif(CAST(sum(fen) AS BIGINT), 0) AS share
    FROM person GROUP BY inst_row
), same_amount AS (
    SELECT inst_row, CAST(max(n) AS DOUBLE) / CAST(sum(n) AS BIGINT) AS share
    FROM amount GROUP BY inst_row
)
SELECT t.inst_row, a.share AS top_product_share, t.share AS top_persons_share,
    s.share AS same_amount_share
FROM top_person t
LEFT JOIN top_product a ON a.inst_row = t.inst_row
LEFT JOIN same_amount s ON s.inst_row = t.inst_row;

CREATE TABLE stage.institution_refund AS
SELECT inst_row, count(CASE WHEN is_refund THEN 1 END) AS refunds, count(CASE WHEN NOT is_refund THEN 1 END) AS charges
FROM setl WHERE in_quarter GROUP BY inst_row;
