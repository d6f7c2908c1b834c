-- A person's settlements that stand. Grain: psn_row. "90 days" and "365 days" end at the as-of moment.
CREATE TABLE stage.person_visit AS
WITH placed AS (
    SELECT v.psn_row, v.inst_row, min(v.fixmedins_type) AS fixmedins_type, max(v.day) AS last_day,
        count(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 90 THEN 1 END) AS visits_90d,
        count(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 365 THEN 1 END) AS visits_365d,
        sum(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 90 THEN v.net_fen ELSE 0 END) AS fen_90d,
        sum(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 90 THEN v.drug_fen ELSE 0 END) AS drug_fen_90d,
        sum(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 90 THEN v.fund_fen ELSE 0 END) AS fund_fen_90d,
        sum(CASE WHEN v.day < (SELECT as_of_day FROM stage.moment) - 90 AND v.day >= (SELECT as_of_day FROM stage.moment) - 365 THEN v.drug_fen ELSE 0 END)
            AS drug_fen_before,
        count(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 90 AND v.inpatient = FALSE
            AND (v.hour_no < 7 OR v.hour_no >= 20) THEN 1 END) AS night_90d,
        count(CASE WHEN v.day >= (SELECT as_of_day FROM stage.moment) - 90 AND v.inpatient = FALSE THEN 1 END) AS outpatient_90d,
        count(CASE WHEN v.elsewhere AND v.day >= (SELECT as_of_day FROM stage.moment) - 90 THEN 1 END) AS elsewhere_90d
    FROM stage.visit v GROUP BY v.psn_row, v.inst_row
), credential AS (
    SELECT psn_row, mdtrt_cert_type FROM stage.visit WHERE mdtrt_cert_type IS NOT NULL GROUP BY psn_row, mdtrt_cert_type
), credentials AS (
    SELECT psn_row, count(*) AS n FROM credential GROUP BY psn_row
), summed AS (
    SELECT psn_row, CAST(sum(visits_90d) AS INTEGER) AS visits_90d, CAST(sum(visits_365d) AS INTEGER) AS visits_365d,
        CAST(count(CASE WHEN last_day >= (SELECT as_of_day FROM stage.moment) - 90 THEN 1 END) AS INTEGER) AS institutions_90d,
        CAST(count(CASE WHEN last_day >= (SELECT as_of_day FROM stage.moment) - 365 THEN 1 END) AS INTEGER) AS institutions_365d,
        CAST(count(CASE WHEN last_day >= (SELECT as_of_day FROM stage.moment) - 90 AND fixmedins_type = '2' THEN 1 END) AS INTEGER)
            AS pharmacies_90d,
        CAST(sum(fen_90d) AS BIGINT) AS fen_90d, CAST(sum(drug_fen_90d) AS BIGINT) AS drug_fen_90d,
        CAST(sum(fund_fen_90d) AS BIGINT) AS fund_fen_90d, CAST(sum(drug_fen_before) AS BIGINT) AS drug_fen_before,
        CAST(sum(night_90d) AS BIGINT) AS night_90d, CAST(sum(outpatient_90d) AS BIGINT) AS outpatient_90d,
        CAST(sum(elsewhere_90d) AS BIGINT) AS elsewhere_90d
    FROM placed GROUP BY psn_row
)
SELECT s.*, CAST(coalesce(c.n, 0) AS INTEGER) AS credentials
FROM summed s LEFT JOIN credentials c ON c.psn_row = s.psn_row;

-- Drug spending against persons of the same sex, ten-year age band and insurance with drugs in 90 days.
CREATE TABLE stage.person_peer AS
WITH banded AS (
    SELECT v.psn_row, v.drug_fen_90d, p.gend, p.insutype,
        (m.as_of_day - (p.brdy - DATE '1970-01-01')) // 3653 AS band
    FROM stage.person_visit v JOIN person p ON p.psn_row = v.psn_row CROSS JOIN stage.moment m
    WHERE v.drug_fen_90d > 0
), usual AS (
    SELECT gend, insutype, band, percentile_disc(0.5) WITHIN GROUP (ORDER BY drug_fen_90d) AS median_fen
    FROM banded GROUP BY gend, insutype, band
)
SELECT b.psn_row, CAST(b.drug_fen_90d AS DOUBLE) / u.median_fen AS drug_to_peers
FROM banded b JOIN usual u ON u.gend = b.gend AND u.insutype = b.insutype AND u.band = b.band
WHERE u.median_fen > 0;

-- Days with several hospitals, or several pharmacies, in 90 days; and how regular the visits of the look-back
-- are: spread of the gaps between visit days over their mean (0 = clockwork); null under three gaps.
CREATE TABLE stage.person_day AS
WITH placed AS (
    SELECT psn_row, day, inst_row, min(fixmedins_type) AS fixmedins_type, count(*) AS visits
    FROM stage.visit WHERE NOT inpatient GROUP BY psn_row, day, inst_row
), dated AS (
    SELECT psn_row, day, count(CASE WHEN fixmedins_type = '1' THEN 1 END) AS hospitals,
        count(CASE WHEN fixmedins_type = '2' THEN 1 END) AS pharmacies, sum(visits) AS visits
    FROM placed GROUP BY psn_row, day
), gapped AS (
    SELECT *, CAST(day - lag(day) OVER (PARTITION BY psn_row ORDER BY day) AS BIGINT) AS gap FROM dated
)
SELECT g.psn_row,
    CAST(count(CASE WHEN g.day >= m.as_of_day - 90 AND greatest(g.hospitals, g.pharmacies) >= 2 THEN 1 END)
        AS INTEGER) AS several_places_days,
    CAST(max(CASE WHEN g.day >= m.as_of_day - 90 THEN g.visits END) AS INTEGER) AS visits_day_max,
    CASE WHEN count(g.gap) >= 3 THEN
        sqrt(CAST(count(g.gap) * sum(g.gap * g.gap) - sum(g.gap) * sum(g.gap) AS DOUBLE))
        / CAST(sum(g.gap) AS DOUBLE) END AS gap_spread
FROM gapped g CROSS JOIN stage.moment m
GROUP BY g.psn_row, m.as_of_day;

-- What is in the person's hands. Most days supplied of one substance in 180 days over 180; days still in hand
-- at the as-of moment of the fullest substance; days covered twice in 90 days.
CREATE TABLE stage.person_possession AS
WITH by_substance AS (
    SELECT s.psn_row, s.substance,
        sum(CASE WHEN s.day >= (SELECT as_of_day FROM stage.moment) - 180 THEN s.days ELSE 0 END) AS days_180,
        sum(CASE WHEN s.day >= (SELECT as_of_day FROM stage.moment) - 90 THEN s.overlap_days ELSE 0 END) AS overlap_90,
        max(CASE WHEN s.day >= (SELECT as_of_day FROM stage.moment) - 365 THEN 1 ELSE 0 END) AS recent,
        max(s.day - s.days_before) + sum(s.days) - (SELECT as_of_day FROM stage.moment) AS in_hand
    FROM stage.supply s GROUP BY s.psn_row, s.substance
)
SELECT psn_row, CAST(sum(recent) AS INTEGER) AS substances_365d,
    CAST(max(days_180) AS DOUBLE) / 180 AS possession_max,
    CAST(greatest(0, max(in_hand)) AS INTEGER) AS in_hand_max,
    CAST(sum(overlap_90) AS INTEGER) AS overlap_days_90d,
    CAST(count(CASE WHEN in_hand > 30 THEN 1 END) AS INTEGER) AS substances_hoarded
FROM by_substance GROUP BY psn_row;

CREATE TABLE stage.person_drug AS
WITH by_product AS (
    SELECT psn_row, item, CAST(sum(net_fen) AS BIGINT) AS fen, count(*) AS n
    FROM stage.line WHERE in_quarter AND fee_row IS NOT NULL GROUP BY psn_row, item
)
SELECT b.psn_row, CAST(max(b.fen) AS DOUBLE) / nullif(CAST(sum(b.fen) AS BIGINT), 0) AS top_product_share,
    CAST(sum(CASE WHEN m.control_class IS NOT NULL THEN b.n ELSE 0 END) AS INTEGER) AS controlled_lines,
    CAST(count(*) AS INTEGER) AS products
FROM by_product b JOIN stage.medicine m ON m.item = b.item GROUP BY b.psn_row;
