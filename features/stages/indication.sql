-- How usual a class of drugs is for a diagnosis, and for a person's sex and age, learned from the look-back's
-- own prescriptions. Log lift = ln((n_both + 1) / (expected + 1)), the prescription itself left out, in whole
-- millionths: 0 = as often as by chance, below 0 = rarer, above = usual together.
CREATE TABLE stage.rx_tag AS
SELECT rx_row, tag, in_quarter FROM stage.rx_diagnosis GROUP BY rx_row, tag, in_quarter;

CREATE TABLE stage.rx_person AS
SELECT rx_row, in_quarter, gend || CASE
        WHEN age_days < 1096 THEN 'a' WHEN age_days < 6575 THEN 'b' WHEN age_days < 16437 THEN 'c'
        WHEN age_days < 23742 THEN 'd' ELSE 'e' END AS band
FROM rx;

CREATE TABLE stage.lift_count AS
WITH diagnosed AS (
    SELECT rx_row FROM stage.rx_tag GROUP BY rx_row
)
-- What was counted: prescriptions, those of a tag, of a class (no tag is '', no class 0), of both.
SELECT 'diagnosis' AS kind, 0 AS class4, '' AS tag, count(*) AS n FROM diagnosed
UNION ALL
SELECT 'person' AS kind, 0 AS class4, '' AS tag, count(*) AS n FROM stage.rx_person
UNION ALL
SELECT 'diagnosis' AS kind, 0 AS class4, tag, count(*) AS n FROM stage.rx_tag GROUP BY tag
UNION ALL
SELECT 'person' AS kind, 0 AS class4, band AS tag, count(*) AS n FROM stage.rx_person GROUP BY band
UNION ALL
SELECT 'diagnosis' AS kind, c.class4, '' AS tag, count(*) AS n
FROM stage.rx_class c SEMI JOIN diagnosed d ON d.rx_row = c.rx_row GROUP BY c.class4
UNION ALL
SELECT 'person' AS kind, class4, '' AS tag, count(*) AS n FROM stage.rx_class GROUP BY class4
UNION ALL
SELECT 'diagnosis' AS kind, c.class4, t.tag, count(*) AS n
FROM stage.rx_class c JOIN stage.rx_tag t ON t.rx_row = c.rx_row GROUP BY c.class4, t.tag
UNION ALL
SELECT 'person' AS kind, c.class4, t.band AS tag, count(*) AS n
FROM stage.rx_class c JOIN stage.rx_person t ON t.rx_row = c.rx_row GROUP BY c.class4, t.band;

CREATE TABLE stage.lift AS
WITH known AS (
    SELECT DISTINCT class_name, class4 FROM stage.medicine
), every AS (
    SELECT kind, class4, tag, n FROM stage.lift_count
    UNION ALL
    SELECT c.kind, coalesce(k.class4, 0) AS class4, c.tag, c.n
    FROM carried.lift c LEFT JOIN known k ON k.class_name = c.class_name
    WHERE c.class_name = '' OR k.class4 IS NOT NULL
), counted AS (
    SELECT kind, class4, tag, CAST(sum(n) AS BIGINT) AS n FROM every GROUP BY kind, class4, tag HAVING sum(n) > 0
), many AS (
    SELECT kind, n FROM counted WHERE class4 = 0 AND tag = ''
), by_tag AS (
    SELECT kind, tag, n FROM counted WHERE class4 = 0 AND tag <> ''
), by_class AS (
    SELECT kind, class4, n FROM counted WHERE class4 > 0 AND tag = ''
), both_there AS (
    SELECT kind, class4, tag, n FROM counted WHERE class4 > 0 AND tag <> ''
)
SELECT b.kind, b.class4, b.tag, b.n AS n_both,
    CAST(round(1000000 * ln(CAST(b.n AS DOUBLE)
        / (CAST(c.n - 1 AS DOUBLE) * (g.n - 1) / greatest(m.n - 1, 1) + 1))) AS BIGINT) AS lift_micro
FROM both_there b
JOIN by_class c ON c.kind = b.kind AND c.class4 = b.class4
JOIN by_tag g ON g.kind = b.kind AND g.tag = b.tag
JOIN many m ON m.kind = b.kind;

-- Grain: rx_row of the frame with a diagnosis and a drug. A class is as usual as its most usual diagnosis.
CREATE TABLE stage.rx_indication AS
WITH best AS (
    SELECT c.rx_row, c.class4, max(l.lift_micro) AS lift_micro
    FROM stage.rx_class c
    JOIN stage.rx_tag d ON d.rx_row = c.rx_row
    JOIN stage.lift l ON l.class4 = c.class4 AND l.tag = d.tag AND l.kind = 'diagnosis'
    WHERE c.in_quarter AND d.in_quarter
    GROUP BY c.rx_row, c.class4
)
SELECT rx_row, min(lift_micro) AS least_micro, CAST(sum(lift_micro) AS BIGINT) AS sum_micro,
    count(*) AS n_classes,
    CAST(count(CASE WHEN lift_micro <= 0 THEN 1 END) AS INTEGER) AS n_unusual
FROM best GROUP BY rx_row;

CREATE TABLE stage.rx_person_fit AS
SELECT c.rx_row, min(l.lift_micro) AS least_micro
FROM stage.rx_class c
JOIN stage.rx_person p ON p.rx_row = c.rx_row
JOIN stage.lift l ON l.class4 = c.class4 AND l.tag = p.band AND l.kind = 'person'
WHERE c.in_quarter AND p.in_quarter
GROUP BY c.rx_row;
