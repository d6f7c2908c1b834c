-- Every diagnosis of an outpatient visit is one that needs no injection. Emergencies and a written reason are excepted.
WITH injected AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.mdtrt_id, l.feedetl_sn, l.fee_ocur_time, l.stake_amt, l.drug_genname
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    WHERE f.setting = '1' AND l.in_quarter AND l.inj_flag = 1 AND coalesce(l.medc_way_codg, '2') IN ('2', '3')
        AND coalesce(f.ext_reason, '') = ''
), coded AS (
    SELECT DISTINCT diag_code FROM rx_diagnosis
), mild AS (
    SELECT DISTINCT c.diag_code FROM coded c JOIN knowledge_no_injection k ON starts_with(c.diag_code, k.icd_prefix)
), visit AS (
    SELECT g.mdtrt_id, count(*) AS told, count(m.diag_code) AS mild_ones, min(g.diag_name) AS diagnosis FROM rx_diagnosis g
    SEMI JOIN injected i ON i.mdtrt_id = g.mdtrt_id LEFT JOIN mild m ON m.diag_code = g.diag_code GROUP BY g.mdtrt_id
)
SELECT i.rxno, NULL AS setl_id, i.feedetl_sn, i.psn_no, i.fixmedins_code, i.dr_codg, i.fee_ocur_time,
    i.rxno AS subject_code, i.stake_amt AS amount, {'drug': i.drug_genname, 'diagnosis': v.diagnosis} AS facts
FROM injected i JOIN visit v ON v.mdtrt_id = i.mdtrt_id WHERE v.told = v.mild_ones
