-- Only where the institution writes such notes into its directions of the quarter at all.
WITH noted AS (
    SELECT DISTINCT fixmedins_code FROM prescription
    WHERE prsc_time >= (SELECT begin FROM period) AND regexp_matches(usage_text, '先煎|后下|包煎|另煎|烊化|冲服')
), wanting AS (
    SELECT d.med_list_codg, d.drug_genname, k.note FROM drug d JOIN knowledge_piece_note k ON k.name = d.drug_genname
    WHERE d.drug_kind = '13'
)
SELECT f.rxno, NULL AS setl_id, l.feedetl_sn, f.psn_no, f.fixmedins_code, f.dr_codg, l.fee_ocur_time,
    f.rxno AS subject_code, 0 AS amount, {'drug': w.drug_genname, 'note': w.note} AS facts
FROM frame f SEMI JOIN noted n ON n.fixmedins_code = f.fixmedins_code
JOIN rx_line l ON l.rx_row = f.rx_row JOIN wanting w ON w.med_list_codg = l.med_list_codg
WHERE f.usage_text IS NOT NULL AND NOT contains(f.usage_text, w.note)
