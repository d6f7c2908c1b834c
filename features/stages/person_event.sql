-- Things that do not go together. Grain: psn_row.
CREATE TABLE stage.person_prescriber AS
WITH ordered AS (
    SELECT DISTINCT psn_row, bilg_row AS dr_row, setl_row FROM net
    WHERE in_quarter AND bilg_row IS NOT NULL AND rx_row IS NULL
), seen AS (
    SELECT psn_row, dr_row, count(*) AS n FROM (
        SELECT psn_row, dr_row FROM rx WHERE in_quarter
        UNION ALL
        SELECT psn_row, dr_row FROM ordered
    ) AS contact GROUP BY psn_row, dr_row
)
SELECT psn_row, CAST(count(*) AS INTEGER) AS prescribers,
    CAST(max(n) AS DOUBLE) / CAST(sum(n) AS BIGINT) AS top_prescriber_share
FROM seen GROUP BY psn_row;

CREATE TABLE stage.died_before AS
SELECT n.psn_row, count(*) AS n
FROM net n JOIN (SELECT psn_row, dead_date FROM person WHERE dead_date IS NOT NULL) p ON p.psn_row = n.psn_row
WHERE n.day > p.dead_date - DATE '1970-01-01'
GROUP BY n.psn_row;

CREATE TABLE stage.person_death AS
SELECT psn_row, CAST(sum(n) AS INTEGER) AS lines_after_death FROM (
    SELECT psn_row, n FROM stage.died_before UNION ALL SELECT psn_row, n FROM carried.death
) AS every GROUP BY psn_row HAVING sum(n) > 0;

-- Settled as an outpatient or at a pharmacy on a day strictly inside a stay in hospital.
CREATE TABLE stage.visit_in_stay AS
WITH stay AS (
    SELECT psn_row, first_day, last_day, stay_id FROM stage.visit WHERE inpatient AND last_day > first_day + 1
), inside AS (
    SELECT v.setl_row, v.psn_row, v.inst_row, s.stay_id
    FROM stage.visit v JOIN stay s ON s.psn_row = v.psn_row AND v.day > s.first_day AND v.day < s.last_day
    WHERE NOT v.inpatient AND v.in_quarter
)
SELECT DISTINCT i.setl_row, i.psn_row, i.inst_row
FROM settlement a JOIN inside i ON i.setl_row = a.setl_row AND i.stay_id <> a.mdtrt_id;

CREATE TABLE stage.person_in_stay AS
SELECT psn_row, CAST(count(*) AS INTEGER) AS n FROM stage.visit_in_stay GROUP BY psn_row;

CREATE TABLE stage.person_refund AS
SELECT psn_row, CAST(count(CASE WHEN is_refund THEN 1 END) AS INTEGER) AS refunds,
    count(CASE WHEN NOT is_refund THEN 1 END) AS charges
FROM setl WHERE in_quarter GROUP BY psn_row;

CREATE TABLE stage.person_companions AS
SELECT psn_row, CAST(count(*) AS INTEGER) AS companions, CAST(max(days) AS INTEGER) AS days_together
FROM (
    SELECT one AS psn_row, other, days FROM stage.companion
    UNION ALL
    SELECT other AS psn_row, one, days FROM stage.companion
) AS side GROUP BY psn_row;

CREATE TABLE stage.person_rx AS
SELECT r.psn_row, count(*) AS n_rx, count(CASE WHEN i.least_micro <= 0 THEN 1 END) AS n_unusual,
    count(i.rx_row) AS n_diagnosed
FROM rx r LEFT JOIN stage.rx_indication i ON i.rx_row = r.rx_row
WHERE r.in_quarter GROUP BY r.psn_row;
