-- Sales of one code less its returns; split packs may be settled several times.
WITH net AS (
    SELECT drug_trac_codg, (sum(sold) - sum(returned))::BIGINT AS times
    FROM (
        SELECT drug_trac_codg, sold, returned, split FROM past_trace
        UNION ALL
        SELECT drug_trac_codg, sold, returned, split FROM kept_trace
    ) AS t
    GROUP BY drug_trac_codg HAVING max(split) = 0 AND sum(sold) - sum(returned) > 1)
SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg,
    n.fee_ocur_time, n.fixmedins_code AS subject_code, n.stake_amt AS amount,
    {'code': t.drug_trac_codg, 'times': times} AS facts
FROM net JOIN drug_trace t USING (drug_trac_codg) JOIN net_line n USING (feedetl_sn)
WHERE n.in_quarter AND t.sel_retn_cnt > 0
