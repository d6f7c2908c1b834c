-- A person's settlements that stand. Grain: psn_no. "90 days" and "365 days" end at the as-of moment.
CREATE TABLE stage.person_visit AS
SELECT v.psn_no,
    CAST(count(CASE WHEN v.day >= m.as_of_day - 90 THEN 1 END) AS INTEGER) AS visits_90d,
    CAST(count(CASE WHEN v.day >= m.as_of_day - 365 THEN 1 END) AS INTEGER) AS visits_365d,
    CAST(count(DISTINCT CASE WHEN v.day >= m.as_of_day - 90 THEN v.fixmedins_code END) AS INTEGER)
        AS institutions_90d,
    CAST(count(DISTINCT CASE WHEN v.day >= m.as_of_day - 365 THEN v.fixmedins_code END) AS INTEGER)
        AS institutions_365d,
    CAST(count(DISTINCT CASE WHEN v.day >= m.as_of_day - 90 AND v.fixmedins_type = '2'
        THEN v.fixmedins_code END) AS INTEGER) AS pharmacies_90d,
    CAST(count(DISTINCT v.mdtrt_cert_type) AS INTEGER) AS credentials,
    CAST(sum(CASE WHEN v.day >= m.as_of_day - 90 THEN v.net_fen ELSE 0 END) AS BIGINT) AS fen_90d,
    CAST(sum(CASE WHEN v.day >= m.as_of_day - 90 THEN v.drug_fen ELSE 0 END) AS BIGINT) AS drug_fen_90d,
    CAST(sum(CASE WHEN v.day >= m.as_of_day - 90 THEN v.fund_fen ELSE 0 END) AS BIGINT) AS fund_fen_90d,
    CAST(sum(CASE WHEN v.day < m.as_of_day - 90 AND v.day >= m.as_of_day - 365 THEN v.drug_fen ELSE 0 END)
        AS BIGINT) AS drug_fen_before,
    count(CASE WHEN v.day >= m.as_of_day - 90 AND v.inpatient = FALSE
        AND (v.hour_no < 7 OR v.hour_no >= 20) THEN 1 END) AS night_90d,
    count(CASE WHEN v.day >= m.as_of_day - 90 AND v.inpatient = FALSE THEN 1 END) AS outpatient_90d,
    count(CASE WHEN v.elsewhere AND v.day >= m.as_of_day - 90 THEN 1 END) AS elsewhere_90d,
    m.as_of_day - m.begin_day AS quarter_days, min(m.as_of_day - v.day) AS days_since
FROM stage.visit v CROSS JOIN stage.moment m
GROUP BY v.psn_no, m.as_of_day, m.begin_day;

-- Drug spending against persons of the same sex, ten-year age band and insurance with drugs in 90 days.
CREATE TABLE stage.person_peer AS
WITH banded AS (
    SELECT v.psn_no, v.drug_fen_90d, p.gend, p.insutype,
        (m.as_of_day - (p.brdy - DATE '1970-01-01')) // 3653 AS band
    FROM stage.person_visit v JOIN person p ON p.psn_no = v.psn_no CROSS JOIN stage.moment m
    WHERE v.drug_fen_90d > 0
), usual AS (
    SELECT gend, insutype, band, percentile_disc(0.5) WITHIN GROUP (ORDER BY drug_fen_90d) AS median_fen
    FROM banded GROUP BY gend, insutype, band
)
SELECT b.psn_no, CAST(b.drug_fen_90d AS DOUBLE) / u.median_fen AS drug_to_peers
FROM banded b JOIN usual u ON u.gend = b.gend AND u.insutype = b.insutype AND u.band = b.band
WHERE u.median_fen > 0;

-- Days with several hospitals, or several pharmacies, in 90 days; and how regular the visits of the look-back
-- are: spread of the gaps between visit days over their mean (0 = clockwork); null under three gaps.
CREATE TABLE stage.person_day AS
WITH dated AS (
    SELECT psn_no, day, count(DISTINCT CASE WHEN fixmedins_type = '1' THEN fixmedins_code END) AS hospitals,
        count(DISTINCT CASE WHEN fixmedins_type = '2' THEN fixmedins_code END) AS pharmacies,
        count(*) AS visits
    FROM stage.visit WHERE NOT inpatient GROUP BY psn_no, day
), gapped AS (
    SELECT *, CAST(day - lag(day) OVER (PARTITION BY psn_no ORDER BY day) AS BIGINT) AS gap FROM dated
)
SELECT g.psn_no,
    CAST(count(CASE WHEN g.day >= m.as_of_day - 90 AND greatest(g.hospitals, g.pharmacies) >= 2 THEN 1 END)
        AS INTEGER) AS several_places_days,
    CAST(max(CASE WHEN g.day >= m.as_of_day - 90 THEN g.visits END) AS INTEGER) AS visits_day_max,
    CASE WHEN count(g.gap) >= 3 THEN
        sqrt(CAST(count(g.gap) * sum(g.gap * g.gap) - sum(g.gap) * sum(g.gap) AS DOUBLE))
        / CAST(sum(g.gap) AS DOUBLE) END AS gap_spread
FROM gapped g CROSS JOIN stage.moment m
GROUP BY g.psn_no, m.as_of_day;

-- What is in the person's hands. Most days supplied of one substance in 180 days over 180; days still in hand
-- at the as-of moment of the fullest substance; days covered twice in 90 days.
CREATE TABLE stage.person_possession AS
WITH by_substance AS (
    SELECT s.psn_no, s.substance, m.as_of_day,
        sum(CASE WHEN s.day >= m.as_of_day - 180 THEN s.days ELSE 0 END) AS days_180,
        sum(CASE WHEN s.day >= m.as_of_day - 90 THEN s.overlap_days ELSE 0 END) AS overlap_90,
        max(CASE WHEN s.day >= m.as_of_day - 365 THEN 1 ELSE 0 END) AS recent,
        max(s.day - s.days_before) + sum(s.days) - m.as_of_day AS in_hand
    FROM stage.supply s CROSS JOIN stage.moment m
    GROUP BY s.psn_no, s.substance, m.as_of_day
)
SELECT psn_no, CAST(sum(recent) AS INTEGER) AS substances_365d,
    CAST(max(days_180) AS DOUBLE) / 180 AS possession_max,
    CAST(greatest(0, max(in_hand)) AS INTEGER) AS in_hand_max,
    CAST(sum(overlap_90) AS INTEGER) AS overlap_days_90d,
    CAST(count(CASE WHEN in_hand > 30 THEN 1 END) AS INTEGER) AS substances_hoarded
FROM by_substance GROUP BY psn_no;

CREATE TABLE stage.person_drug AS
WITH by_product AS (
    SELECT psn_no, med_list_codg, sum(net_fen) AS fen, max(CASE WHEN control_class IS NOT NULL THEN 1 ELSE 0
        END) AS controlled, count(*) AS n
    FROM stage.line WHERE in_quarter AND feedetl_sn IS NOT NULL GROUP BY psn_no, med_list_codg
)
SELECT psn_no, CAST(max(fen) AS DOUBLE) / nullif(CAST(sum(fen) AS BIGINT), 0) AS top_product_share,
    CAST(sum(CASE WHEN controlled = 1 THEN n ELSE 0 END) AS INTEGER) AS controlled_lines,
    CAST(count(*) AS INTEGER) AS products
FROM by_product GROUP BY psn_no;
