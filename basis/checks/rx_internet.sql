WITH barred AS (
    SELECT d.med_list_codg, d.drug_genname, min(k.zh) AS why, min(k.en) AS why_en FROM drug d JOIN knowledge_internet k
        ON d.control_class = k.control_class OR (k.inj_flag = '1' AND d.inj_flag = 1 AND NOT d.atc_code LIKE 'A10%')
    GROUP BY d.med_list_codg, d.drug_genname
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, l.stake_amt AS amount, {'drug': b.drug_genname, 'why': b.why, 'why_en': b.why_en} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
JOIN barred b ON b.med_list_codg = l.med_list_codg
WHERE f.intn_rx_flag = 1
