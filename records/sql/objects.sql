-- The reviewed objects: prescribed lines where the agency has them, else the lines that were paid.
CREATE TABLE prescribed AS
SELECT x.rx_row, l.rx_line_no, k.item, l.cnt, l.sin_doscnt, l.sin_dosunt, l.used_frqu_codg, l.medc_way_codg, l.prd_days,
    k.strength, k.strength_kind, k.strength_factor
FROM whole.prescription_line l
JOIN rx_key x ON x.rxno = l.rxno
JOIN item_key k ON k.hilist_code = l.med_list_codg;

-- A fee line settles the prescribed line it names; without a line number, the first one of its drug.
CREATE TEMP TABLE settled_line AS
WITH first_of AS (
    SELECT rx_row, item, min(rx_line_no) AS rx_line_no FROM prescribed GROUP BY rx_row, item
), named AS (
    SELECT n.rx_row, coalesce(l.rx_line_no, o.rx_line_no) AS rx_line_no, n.fee_row, n.net_fen, n.stake_fen,
        n.fee_ocur_time
    FROM net n
    SEMI JOIN prescribed w ON w.rx_row = n.rx_row
    LEFT JOIN prescribed l ON l.rx_row = n.rx_row AND l.rx_line_no = n.rx_line_no
    LEFT JOIN first_of o ON o.rx_row = n.rx_row AND o.item = n.item
    WHERE n.is_drug
)
SELECT rx_row, rx_line_no, min(fee_row) AS fee_row, CAST(sum(net_fen) AS BIGINT) AS net_fen,
    CAST(sum(stake_fen) AS BIGINT) AS stake_fen, min(fee_ocur_time) AS fee_ocur_time
FROM named WHERE rx_line_no IS NOT NULL GROUP BY rx_row, rx_line_no;

-- In short. Grain: rx_row and rx_line_no, which is null for a line that was paid and not prescribed on record.
CREATE VIEW reviewed AS
SELECT l.rx_row, l.rx_line_no, s.fee_row, l.item, CAST(NULL AS SMALLINT) AS list_type,
    coalesce(s.net_fen, 0) AS net_fen, coalesce(s.stake_fen, 0) AS stake_fen, s.fee_ocur_time,
    single_dose(l.sin_doscnt, u.kind, u.factor, l.strength, l.strength_kind, l.strength_factor) AS single_dose,
    l.sin_doscnt IS NOT NULL AS dose_written, l.used_frqu_codg IS NOT NULL AS frequency_written, e.per_day, l.prd_days
FROM prescribed l
LEFT JOIN settled_line s ON s.rx_row = l.rx_row AND s.rx_line_no = l.rx_line_no
LEFT JOIN dose_unit u ON u.unit = lower(trim(l.sin_dosunt))
LEFT JOIN frequency e ON e.used_frqu_codg = l.used_frqu_codg
UNION ALL
SELECT n.rx_row, NULL AS rx_line_no, n.fee_row, n.item, n.list_type, n.net_fen, n.stake_fen, n.fee_ocur_time,
    n.single_dose, n.dose_written, n.frequency_written, n.per_day, n.prd_days
FROM net n ANTI JOIN prescribed w ON w.rx_row = n.rx_row
WHERE n.is_drug AND n.rx_row IS NOT NULL;

-- Prescriptions that do not net to zero, with what was charged on them. Grain: rx_row.
CREATE TABLE rx AS
WITH summed AS (
    SELECT rx_row, CAST(sum(net_fen) AS BIGINT) AS amount_fen, CAST(sum(stake_fen) AS BIGINT) AS stake_fen,
        min(setl_row) AS setl_row, max(setl_row) AS last_row
    FROM net WHERE rx_row IS NOT NULL GROUP BY rx_row
), shared AS (
    -- Few are settled in several parts: of those the smallest codes.
    SELECT b.rx_row, min(s.med_type) AS med_type, min(s.dise_codg) AS dise_codg
    FROM net n
    JOIN (SELECT rx_row FROM summed WHERE setl_row <> last_row) b ON b.rx_row = n.rx_row
    JOIN setl s ON s.setl_row = n.setl_row
    GROUP BY b.rx_row
), billed AS (
    SELECT b.rx_row, b.amount_fen, b.stake_fen, coalesce(m.med_type, s.med_type) AS med_type,
        CASE WHEN m.rx_row IS NULL THEN s.dise_codg ELSE m.dise_codg END AS dise_codg
    FROM summed b JOIN setl s ON s.setl_row = b.setl_row LEFT JOIN shared m ON m.rx_row = b.rx_row
)
SELECT x.* REPLACE (coalesce(x.setting, CASE
        WHEN b.med_type LIKE '13%' THEN '2'
        WHEN b.med_type LIKE '2%' OR b.med_type LIKE '52%' THEN '3'
        WHEN b.med_type IS NOT NULL THEN '1' END) AS setting),
    b.amount_fen, b.stake_fen, b.med_type, b.dise_codg
FROM rx_key x JOIN billed b ON b.rx_row = x.rx_row;

CREATE TABLE unbilled AS
SELECT x.rx_row, x.psn_row, x.inst_row, x.dr_row, x.in_quarter FROM rx_key x ANTI JOIN rx ON rx.rx_row = x.rx_row;
DROP TABLE rx_key;
