-- Things that do not go together. Grain: psn_no.
CREATE TABLE stage.person_prescriber AS
WITH seen AS (
    SELECT psn_no, dr_codg, count(*) AS n FROM (
        SELECT psn_no, dr_codg, rxno AS item FROM stage.rx WHERE in_quarter
        UNION
        SELECT psn_no, bilg_dr_codg AS dr_codg, setl_id AS item FROM net_line
        WHERE in_quarter AND bilg_dr_codg IS NOT NULL AND rxno IS NULL
    ) AS contact GROUP BY psn_no, dr_codg
)
SELECT psn_no, CAST(count(*) AS INTEGER) AS prescribers,
    CAST(max(n) AS DOUBLE) / CAST(sum(n) AS BIGINT) AS top_prescriber_share
FROM seen GROUP BY psn_no;

CREATE TABLE stage.person_death AS
SELECT n.psn_no, CAST(count(*) AS INTEGER) AS lines_after_death
FROM net_line n JOIN person p ON p.psn_no = n.psn_no
WHERE n.day > p.dead_date - DATE '1970-01-01'
GROUP BY n.psn_no;

-- Settled as an outpatient or at a pharmacy on a day strictly inside a stay in hospital.
CREATE TABLE stage.visit_in_stay AS
SELECT DISTINCT v.setl_id, v.psn_no, v.fixmedins_code
FROM stage.visit v
JOIN stage.visit s ON s.psn_no = v.psn_no AND s.inpatient AND v.day > s.first_day AND v.day < s.last_day
    AND v.mdtrt_id <> s.mdtrt_id
WHERE NOT v.inpatient AND v.in_quarter;

CREATE TABLE stage.person_in_stay AS
SELECT psn_no, CAST(count(*) AS INTEGER) AS n FROM stage.visit_in_stay GROUP BY psn_no;

CREATE TABLE stage.person_refund AS
SELECT psn_no, CAST(count(CASE WHEN refd_setl_flag = 1 THEN 1 END) AS INTEGER) AS refunds,
    count(CASE WHEN refd_setl_flag = 0 THEN 1 END) AS charges
FROM settlement WHERE setl_time >= (SELECT begin FROM stage.moment) GROUP BY psn_no;

CREATE TABLE stage.person_companions AS
SELECT psn_no, CAST(count(*) AS INTEGER) AS companions, CAST(max(days) AS INTEGER) AS days_together
FROM (
    SELECT one AS psn_no, other, days FROM stage.companion
    UNION ALL
    SELECT other AS psn_no, one, days FROM stage.companion
) AS side GROUP BY psn_no;

CREATE TABLE stage.person_rx AS
SELECT r.psn_no, count(*) AS n_rx, count(CASE WHEN i.least_micro <= 0 THEN 1 END) AS n_unusual,
    count(i.rxno) AS n_diagnosed
FROM stage.rx r LEFT JOIN stage.rx_indication i ON i.rxno = r.rxno
WHERE r.in_quarter GROUP BY r.psn_no;
