-- What was billed since the last count before the quarter (or the first one in it) beside what could be there: the
-- count, what came in, less what went back, and changes. Drugs of a place that were never counted are not judged.
WITH held AS (
    SELECT c.fixmedins_code, c.med_list_codg, c.since, sum(CASE
        WHEN r.inv_data_type = '3501' AND r.inv_time = c.since THEN r.cnt
        WHEN r.inv_time >= c.since AND r.inv_data_type = '3502' THEN r.cnt
        WHEN r.inv_time >= c.since AND r.inv_data_type = '3503' THEN r.cnt
        WHEN r.inv_time >= c.since AND r.inv_data_type = '3504' THEN -abs(r.cnt) ELSE 0 END) AS available
    FROM stock_since c JOIN stock_record r ON r.fixmedins_code = c.fixmedins_code AND r.med_list_codg = c.med_list_codg
    GROUP BY c.fixmedins_code, c.med_list_codg, c.since
), billed AS (
    SELECT h.fixmedins_code, h.med_list_codg, h.since, h.available, sum(n.billed) AS billed, max(n.last_time) AS last_time
    FROM held h JOIN history_stock n ON n.fixmedins_code = h.fixmedins_code AND n.med_list_codg = h.med_list_codg
    GROUP BY h.fixmedins_code, h.med_list_codg, h.since, h.available
)
SELECT NULL AS rxno, NULL AS setl_id, NULL AS feedetl_sn, NULL AS psn_no, b.fixmedins_code, NULL AS dr_codg,
    b.last_time AS fee_ocur_time, b.fixmedins_code AS subject_code, 0 AS amount,
    {'drug': d.drug_genname, 'billed': b.billed::DECIMAL(16, 2)::VARCHAR, 'available': b.available::DECIMAL(16, 2)::VARCHAR,
     'since': b.since::DATE::VARCHAR} AS facts
FROM billed b JOIN drug d ON d.med_list_codg = b.med_list_codg
WHERE b.billed::DOUBLE * 100 > b.available::DOUBLE * (100 + limit_of('stock-short', 'tolerance_percent', b.last_time))
