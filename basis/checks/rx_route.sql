-- Route 9 (other) fits every form; a form that the table does not list is not judged.
WITH formed AS (
    SELECT d.med_list_codg, max(k.routes) AS routes FROM drug d JOIN knowledge_route k ON contains(d.dosform, k.form)
    GROUP BY d.med_list_codg
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount,
    {'drug': l.drug_genname, 'form': l.dosform, 'route': l.medc_way_codg, 'fitting': k.routes} AS facts
FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row JOIN formed k ON k.med_list_codg = l.med_list_codg
WHERE l.in_quarter AND l.medc_way_codg <> '9' AND NOT contains(' ' || k.routes || ' ', ' ' || l.medc_way_codg || ' ')
