-- Every prescription of the look-back that does not net to zero. Grain: rxno. Amounts in fen; time as a day
-- number and as seconds since 1970, both local.
CREATE TABLE stage.rx AS
WITH paid AS (
    SELECT rxno, CAST(sum(net_amt) * 100 AS BIGINT) AS amount_fen, min(med_type) AS med_type,
        min(dise_codg) AS dise_codg
    FROM net_line WHERE rxno IS NOT NULL GROUP BY rxno
)
SELECT p.rxno, p.psn_no, p.dr_codg, p.fixmedins_code, p.dept_codg, p.mdtrt_id,
    CAST(CAST(p.prsc_time AS DATE) - DATE '1970-01-01' AS INTEGER) AS day,
    CAST(CAST(p.prsc_time AS DATE) - DATE '1970-01-01' AS BIGINT) * 86400
        + hour(p.prsc_time) * 3600 + minute(p.prsc_time) * 60 + second(p.prsc_time) AS second_no,
    CAST(hour(p.prsc_time) AS INTEGER) AS hour_no,
    p.prsc_time >= (SELECT begin FROM stage.moment) AS in_quarter,
    coalesce(p.setting, CASE
        WHEN paid.med_type LIKE '13%' THEN '2'
        WHEN paid.med_type LIKE '2%' OR paid.med_type LIKE '52%' THEN '3'
        WHEN paid.med_type IS NOT NULL THEN '1' END) AS setting,
    paid.amount_fen, paid.med_type, paid.dise_codg, coalesce(i.hosp_lv, '') AS hosp_lv
FROM prescription p
JOIN paid ON paid.rxno = p.rxno
JOIN institution i ON i.fixmedins_code = p.fixmedins_code;
