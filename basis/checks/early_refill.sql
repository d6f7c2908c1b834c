-- In hand at a supply of a substance = the largest, over earlier supplies j, of day_j + all days given from j on, less
-- today (intermediate: supply intervals of persons by substance). Prescriptions of one day count as one supply.
WITH repeated AS (
    SELECT DISTINCT psn_row FROM history_line WHERE in_quarter AND list_type = '101' AND days_written > 0 AND NOT in_stay
), given AS (
    SELECT n.psn_row, coalesce(d.atc_code, d.drug_genname) AS substance, n.day, max(n.days_written) AS days,
        min(n.fee_row) AS fee_row, bool_or(n.in_quarter) AS in_quarter
    FROM history_line n JOIN drug d ON d.med_list_codg = n.hilist_code SEMI JOIN repeated r ON r.psn_row = n.psn_row
    WHERE n.list_type = '101' AND n.days_written > 0 AND d.inj_flag = 0 AND NOT n.in_stay
    GROUP BY n.psn_row, coalesce(d.atc_code, d.drug_genname), n.day
), summed AS (
    SELECT *, sum(days) OVER (PARTITION BY psn_row, substance ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        - days AS before
    FROM given
), held AS (
    SELECT *, (max(day - before) OVER (PARTITION BY psn_row, substance ORDER BY day
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + before - day)::INTEGER AS in_hand
    FROM summed
)
SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    coalesce(n.rxno, n.feedetl_sn) AS subject_code, n.stake_amt AS amount,
    {'drug': n.hilist_name, 'in_hand': h.in_hand, 'days': h.days,
     'limit': limit_of('early-refill', 'most_days_in_hand', n.fee_ocur_time)::INTEGER} AS facts
FROM held h JOIN net_line n ON n.fee_row = h.fee_row
WHERE h.in_quarter AND h.in_hand > limit_of('early-refill', 'most_days_in_hand', n.fee_ocur_time)
