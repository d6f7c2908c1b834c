-- Every drug line of the look-back: reviewed lines, and drugs bought without a prescription on record (rx_row
-- is null). Grain: rx_row, rx_line_no, fee_row. Doses in the unit of the drug's strength.
CREATE TABLE stage.line AS
WITH written AS (
    SELECT l.rx_row, l.rx_line_no, l.fee_row, r.psn_row, r.day, r.second_no, r.in_quarter, r.setting,
        l.list_type, l.item, l.single_dose, l.dose_written, l.frequency_written, l.per_day, l.prd_days, l.net_fen
    FROM reviewed l JOIN rx r ON r.rx_row = l.rx_row
), bought AS (
    SELECT r.rx_row, n.rx_line_no, n.fee_row, n.psn_row, n.day,
        CAST(n.day AS BIGINT) * 86400 + hour(n.fee_ocur_time) * 3600 + minute(n.fee_ocur_time) * 60
            + second(n.fee_ocur_time) AS second_no,
        n.in_quarter,
        CASE WHEN s.inpatient THEN '3' ELSE '1' END AS setting,
        n.list_type, n.item, n.single_dose, n.dose_written, n.frequency_written, n.per_day, n.prd_days, n.net_fen
    FROM net n
    LEFT JOIN rx r ON r.rx_row = n.rx_row
    JOIN setl s ON s.setl_row = n.setl_row
    WHERE n.rx_row IS NULL AND n.is_drug
), every AS (
    SELECT * FROM written UNION ALL SELECT * FROM bought
)
SELECT e.rx_row, e.rx_line_no, e.fee_row, e.psn_row, e.day, e.second_no, e.in_quarter,
    coalesce(e.setting, '1') = '3' AS ward,
    coalesce(e.list_type = 102, FALSE) OR coalesce(m.drug_kind, '') = '13' AS piece,
    e.item, m.substance, m.class4, e.net_fen, e.prd_days, e.dose_written, e.frequency_written, e.per_day, e.single_dose
FROM every e JOIN stage.medicine m ON m.item = e.item;
