-- Patent medicines of one function: the class of the table by name, else the catalogue's own.
WITH classed AS (
    SELECT d.med_list_codg, d.drug_genname, coalesce(min(k.zh), min(d.tcm_class)) AS class
    FROM drug d LEFT JOIN knowledge_tcm_class k ON contains(d.drug_genname, k.name) WHERE d.drug_kind = '12'
    GROUP BY d.med_list_codg, d.drug_genname
), once AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time, c.class, c.drug_genname,
        string_agg(l.feedetl_sn, ' ' ORDER BY l.feedetl_sn) AS lines
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    JOIN classed c ON c.med_list_codg = l.med_list_codg
    WHERE l.in_quarter AND c.class IS NOT NULL AND coalesce(f.ext_reason, '') = ''
    GROUP BY f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time, c.class, c.drug_genname
)
SELECT rxno, NULL AS setl_id, NULL AS feedetl_sn, psn_no, fixmedins_code, dr_codg, prsc_time AS fee_ocur_time,
    rxno AS subject_code, 0 AS amount,
    {'class': class, 'drugs': string_agg(drug_genname, '、' ORDER BY drug_genname),
     'lines': string_agg(lines, ' ' ORDER BY drug_genname)} AS facts
FROM once GROUP BY rxno, psn_no, fixmedins_code, dr_codg, prsc_time, class HAVING count(*) > 1
