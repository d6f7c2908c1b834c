-- What a higher hospital began may be continued below: chronic registration or category, a long-term prescription and a
-- written reason are excepted.
WITH below AS (
    SELECT n.rxno, n.setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt,
        d.drug_genname, d.lmt_hosp_lv, i.hosp_lv
    FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code JOIN institution i USING (fixmedins_code)
    WHERE n.in_quarter AND try_cast(i.hosp_lv AS INTEGER) < try_cast(d.lmt_hosp_lv AS INTEGER)
        AND i.fixmedins_type = '1' AND coalesce(n.chrgitm_lv, d.chrgitm_lv) <> '03' AND NOT n.med_type LIKE '14%'
), registered AS (
    SELECT DISTINCT b.feedetl_sn FROM below b JOIN opsp_registration o ON o.psn_no = b.psn_no
        AND o.begndate <= b.fee_ocur_time::DATE AND coalesce(o.enddate, DATE '9999-12-31') >= b.fee_ocur_time::DATE
)
SELECT b.rxno, b.setl_id, b.feedetl_sn, b.psn_no, b.fixmedins_code, b.bilg_dr_codg AS dr_codg,
    b.fee_ocur_time, coalesce(b.rxno, b.feedetl_sn) AS subject_code, b.stake_amt AS amount,
    {'drug': b.drug_genname, 'limit': b.lmt_hosp_lv, 'level': b.hosp_lv} AS facts
FROM below b LEFT JOIN prescription p ON p.rxno = b.rxno
ANTI JOIN registered r ON r.feedetl_sn = b.feedetl_sn
WHERE coalesce(p.long_rx_flag, 0) = 0 AND coalesce(p.ext_reason, '') = ''
