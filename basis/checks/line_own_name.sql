-- The institution's own name of a drug is neither the generic nor the catalogue name, nor part of it. Processed forms of
-- decoction pieces have many lawful names and are not judged.
SELECT n.rxno, NULL AS setl_id, n.feedetl_sn, n.psn_no, n.fixmedins_code, n.bilg_dr_codg AS dr_codg, n.fee_ocur_time,
    n.rxno AS subject_code, 0 AS amount, {'own': n.medins_list_name, 'listed': d.drug_genname} AS facts
FROM net_line n JOIN drug d ON d.med_list_codg = n.hilist_code
WHERE n.in_quarter AND n.rxno IS NOT NULL AND n.list_type = '101' AND n.medins_list_name <> n.hilist_name
    AND NOT contains(n.medins_list_name, d.drug_genname) AND NOT contains(n.hilist_name, n.medins_list_name)
    AND NOT contains(d.drug_genname, n.medins_list_name)
