-- Drugs whose label the table lists: no diagnosis of the visit begins as one of its indications. Visits without any
-- diagnosis are rx-no-diagnosis'. A reason written for it excuses.
WITH listed AS (
    SELECT d.med_list_codg, k.indication_id, k.zh, k.en FROM drug d JOIN knowledge_indication k ON d.atc_code LIKE k.atc_prefix || '%'
), coded AS (
    SELECT DISTINCT diag_code FROM rx_diagnosis
), fitting AS (
    SELECT c.diag_code, k.indication_id FROM coded c
    JOIN knowledge_indication k ON regexp_matches(c.diag_code, '^(' || replace(k.icd_prefixes, ' ', '|') || ')')
), line AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.mdtrt_id, l.feedetl_sn, l.fee_ocur_time, l.stake_amt, l.rx_line_no,
        l.drug_genname, i.indication_id, i.zh, i.en
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    JOIN listed i ON i.med_list_codg = l.med_list_codg
    WHERE coalesce(f.ext_reason, '') = '' AND l.in_quarter
), told AS (
    SELECT g.mdtrt_id, string_agg(g.diag_code, ' ' ORDER BY g.diag_srt_no) AS diagnoses
    FROM rx_diagnosis g SEMI JOIN line l ON l.mdtrt_id = g.mdtrt_id GROUP BY g.mdtrt_id
), fits AS (
    SELECT DISTINCT l.mdtrt_id, l.indication_id FROM line l JOIN rx_diagnosis g ON g.mdtrt_id = l.mdtrt_id
    JOIN fitting t ON t.diag_code = g.diag_code AND t.indication_id = l.indication_id
)
SELECT l.rxno, NULL AS setl_id, l.feedetl_sn, l.psn_no, l.fixmedins_code, l.dr_codg, l.fee_ocur_time,
    l.rxno AS subject_code, l.stake_amt AS amount,
    {'drug': l.drug_genname, 'label': l.zh, 'label_en': l.en, 'diagnoses': t.diagnoses} AS facts
FROM line l JOIN told t ON t.mdtrt_id = l.mdtrt_id
ANTI JOIN fits x ON x.mdtrt_id = l.mdtrt_id AND x.indication_id = l.indication_id
