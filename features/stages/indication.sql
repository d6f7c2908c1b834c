-- How usual a class of drugs is for a diagnosis, and for a person's sex and age, learned from the look-back's
-- own prescriptions. Log lift = ln((n_both + 1) / (expected + 1)), the prescription itself left out, in whole
-- millionths: 0 = as often as by chance, below 0 = rarer, above = usual together.
CREATE TABLE stage.visit_diagnosis AS
SELECT DISTINCT mdtrt_id,
    CASE WHEN diag_type = '1' THEN '' ELSE 'T' END || upper(substr(diag_code, 1, 3)) AS diag3
FROM diagnosis;

CREATE TABLE stage.rx_class AS
SELECT DISTINCT rxno, class4, in_quarter FROM stage.line WHERE rxno IS NOT NULL AND NOT piece;

CREATE TABLE stage.rx_diagnosis AS
SELECT r.rxno, v.diag3 FROM stage.rx r JOIN stage.visit_diagnosis v ON v.mdtrt_id = r.mdtrt_id;

CREATE TABLE stage.rx_person AS
SELECT r.rxno, p.gend || CASE
        WHEN r.day - (p.brdy - DATE '1970-01-01') < 1096 THEN 'a'
        WHEN r.day - (p.brdy - DATE '1970-01-01') < 6575 THEN 'b'
        WHEN r.day - (p.brdy - DATE '1970-01-01') < 16437 THEN 'c'
        WHEN r.day - (p.brdy - DATE '1970-01-01') < 23742 THEN 'd' ELSE 'e' END AS band
FROM stage.rx r JOIN person p ON p.psn_no = r.psn_no;

CREATE TABLE stage.lift AS
WITH tagged AS (
    SELECT 'diagnosis' AS kind, rxno, diag3 AS tag FROM stage.rx_diagnosis
    UNION ALL
    SELECT 'person' AS kind, rxno, band AS tag FROM stage.rx_person
), many AS (
    SELECT kind, count(DISTINCT rxno) AS n FROM tagged GROUP BY kind
), by_tag AS (
    SELECT kind, tag, count(*) AS n FROM tagged GROUP BY kind, tag
), by_class AS (
    SELECT k.kind, c.class4, count(*) AS n
    FROM (SELECT DISTINCT kind, rxno FROM tagged) k JOIN stage.rx_class c ON c.rxno = k.rxno
    GROUP BY k.kind, c.class4
), both_there AS (
    SELECT t.kind, c.class4, t.tag, count(*) AS n
    FROM tagged t JOIN stage.rx_class c ON c.rxno = t.rxno
    GROUP BY t.kind, c.class4, t.tag
)
SELECT b.kind, b.class4, b.tag, b.n AS n_both,
    CAST(round(1000000 * ln(CAST(b.n AS DOUBLE)
        / (CAST(c.n - 1 AS DOUBLE) * (g.n - 1) / greatest(m.n - 1, 1) + 1))) AS BIGINT) AS lift_micro
FROM both_there b
JOIN by_class c ON c.kind = b.kind AND c.class4 = b.class4
JOIN by_tag g ON g.kind = b.kind AND g.tag = b.tag
JOIN many m ON m.kind = b.kind;

-- Grain: rxno of the frame with a diagnosis and a drug. A class is as usual as its most usual diagnosis.
CREATE TABLE stage.rx_indication AS
WITH best AS (
    SELECT c.rxno, c.class4, max(l.lift_micro) AS lift_micro
    FROM stage.rx_class c
    JOIN stage.rx_diagnosis d ON d.rxno = c.rxno
    JOIN stage.lift l ON l.kind = 'diagnosis' AND l.class4 = c.class4 AND l.tag = d.diag3
    WHERE c.in_quarter
    GROUP BY c.rxno, c.class4
)
SELECT rxno, min(lift_micro) AS least_micro, CAST(sum(lift_micro) AS BIGINT) AS sum_micro,
    count(*) AS n_classes,
    CAST(count(CASE WHEN lift_micro <= 0 THEN 1 END) AS INTEGER) AS n_unusual
FROM best GROUP BY rxno;

CREATE TABLE stage.rx_person_fit AS
SELECT c.rxno, min(l.lift_micro) AS least_micro
FROM stage.rx_class c
JOIN stage.rx_person p ON p.rxno = c.rxno
JOIN stage.lift l ON l.kind = 'person' AND l.class4 = c.class4 AND l.tag = p.band
WHERE c.in_quarter
GROUP BY c.rxno;
