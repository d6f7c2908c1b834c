-- Pairs of ATC classes whose labels warn of use together. They point at prescriptions worth a look and are no
-- rule: dose, interval and monitoring decide. Source: class labelling (contraindications and warnings).
CREATE TABLE stage.interaction AS
WITH pair AS (
    SELECT * FROM (VALUES
        (1, 'B01AA', 'M01A'), (2, 'B01AA', 'J01FA'), (3, 'C09A', 'C09C'), (4, 'C09', 'C03DA'),
        (5, 'C09', 'A12BA'), (6, 'C10AA', 'J01FA'), (7, 'C10AA', 'C10AB'), (8, 'N05BA', 'N02A'),
        (9, 'N06AB', 'N02AX02'), (10, 'N06AB', 'N06AF'), (11, 'J01M', 'R03DA'), (12, 'J01F', 'R03DA'),
        (13, 'B01AC04', 'A02BC01'), (14, 'C07A', 'C08D'), (15, 'C01AA', 'C08DA'), (16, 'M01A', 'H02AB'),
        (17, 'B01AC', 'M01A'), (18, 'C07', 'R03AC'), (19, 'L04AX03', 'J01E'), (20, 'C01DA', 'G04BE'),
        (21, 'A10BB', 'J01M'), (22, 'J01G', 'C03CA')
    ) AS p(pair_no, first_prefix, second_prefix)
)
SELECT pair_no, 1 AS side, first_prefix AS prefix FROM pair
UNION ALL
SELECT pair_no, 2 AS side, second_prefix AS prefix FROM pair;
