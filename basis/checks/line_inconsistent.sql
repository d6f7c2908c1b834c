WITH seen AS (
    SELECT *, CASE
        WHEN abs(det_item_fee_sumamt - cnt * pric) > 0.01 THEN '金额与数量、单价不符'
        WHEN inscp_scp_amt > det_item_fee_sumamt THEN '政策范围内金额大于明细金额'
        WHEN chrgitm_lv = '03' AND inscp_scp_amt > 0 THEN '自费项目计入政策范围'
        WHEN fee_ocur_time::DATE < setl_begndate::DATE THEN '费用发生早于就诊开始'
        WHEN fee_ocur_time::DATE > setl_time::DATE THEN '费用发生晚于结算' END AS what,
        CASE
        WHEN abs(det_item_fee_sumamt - cnt * pric) > 0.01 THEN 'the amount is not quantity times price'
        WHEN inscp_scp_amt > det_item_fee_sumamt THEN 'more in scope than was charged'
        WHEN chrgitm_lv = '03' AND inscp_scp_amt > 0 THEN 'a self-paid item counted as in scope'
        WHEN fee_ocur_time::DATE < setl_begndate::DATE THEN 'the fee arose before the visit began'
        ELSE 'the fee arose after it was settled' END AS what_en
    FROM net_line WHERE in_quarter
)
SELECT rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, bilg_dr_codg AS dr_codg, fee_ocur_time,
    fixmedins_code AS subject_code, 0 AS amount, {'item': hilist_name, 'what': what, 'what_en': what_en} AS facts
FROM seen WHERE what IS NOT NULL
