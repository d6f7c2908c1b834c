-- Which effective, decidable points hold for which drug that was charged: exact codes first, for a code and rule
-- without any the longest matching prefix.
CREATE OR REPLACE TEMP TABLE live_point AS
SELECT * FROM knowledge_point WHERE status = 'effective' AND decidable = '1';
CREATE OR REPLACE TEMP TABLE coded AS
SELECT hilist_code AS code FROM history_code GROUP BY hilist_code HAVING sum(n) > 0;
-- Codes of the folder's catalogue and of its lines, for the report alone.
CREATE OR REPLACE TEMP TABLE folder_code AS
SELECT code FROM coded UNION SELECT med_list_codg AS code FROM drug;
CREATE OR REPLACE TEMP TABLE point_of_drug AS
WITH exact AS (
    SELECT c.code, p.* FROM coded c JOIN live_point p ON p.med_code = c.code AND p.code_form = 'exact'
), prefixed AS (
    SELECT c.code, p.*, length(p.med_code) AS size FROM coded c
    JOIN live_point p ON p.code_form = 'prefix' AND starts_with(c.code, p.med_code)
    WHERE NOT EXISTS (SELECT 1 FROM exact e WHERE e.code = c.code AND e.rule_name = p.rule_name)
), sized AS (
    SELECT *, max(size) OVER (PARTITION BY code, rule_name) AS longest FROM prefixed
)
SELECT * FROM exact
UNION ALL
SELECT * EXCLUDE (size, longest) FROM sized WHERE size = longest;
