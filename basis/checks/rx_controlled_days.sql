-- Pain of cancer and other moderate or severe chronic pain, as far as it is coded, allows the longer limits.
WITH pain AS (
    SELECT DISTINCT mdtrt_id FROM rx_diagnosis WHERE regexp_matches(diag_code, '^(C|D0|R52|G89|Z51[.]5)')
), hyperactive AS (
    SELECT DISTINCT mdtrt_id FROM rx_diagnosis WHERE diag_code LIKE 'F90%'
), line AS (
    SELECT f.rxno, f.psn_no, f.fixmedins_code, f.dr_codg, f.prsc_time, l.feedetl_sn, l.fee_ocur_time, l.stake_amt, l.prd_days,
        l.drug_genname, limit_of('rx-controlled-days', CASE
            WHEN l.control_class = 'P2' THEN 'second_class_days'
            WHEN l.atc_code LIKE 'N06BA04%' AND h.mdtrt_id IS NOT NULL THEN 'hyperactive_days'
            WHEN l.inj_flag = 1 AND n.mdtrt_id IS NOT NULL THEN 'pain_injection_days'
            WHEN l.inj_flag = 1 THEN 'injection_days'
            WHEN regexp_matches(l.dosform, '缓释|控释') AND n.mdtrt_id IS NOT NULL THEN 'pain_release_days'
            WHEN regexp_matches(l.dosform, '缓释|控释') THEN 'release_days'
            WHEN n.mdtrt_id IS NOT NULL THEN 'pain_days' ELSE 'usual_days' END, f.prsc_time) AS most
    FROM frame f JOIN rx_line l ON l.rx_row = f.rx_row
    LEFT JOIN pain n ON n.mdtrt_id = f.mdtrt_id LEFT JOIN hyperactive h ON h.mdtrt_id = f.mdtrt_id
    WHERE l.control_class IN ('N', 'P1', 'P2') AND f.setting IN ('1', '2') AND l.in_quarter
        AND (l.control_class <> 'P2' OR coalesce(f.ext_reason, '') = '')
), over_it AS (
    SELECT *, (stake_amt * 100)::BIGINT AS stake_fen, (prd_days * 100)::BIGINT AS units FROM line WHERE prd_days > most
)
SELECT rxno, NULL AS setl_id, feedetl_sn, psn_no, fixmedins_code, dr_codg, fee_ocur_time, rxno AS subject_code,
    ((2 * stake_fen::HUGEINT * (units - (most * 100)::BIGINT) + units) // (2 * units))::DECIMAL(18, 0) / 100 AS amount,
    {'drug': drug_genname, 'days': ceil(prd_days)::INTEGER, 'limit': most::INTEGER} AS facts
FROM over_it
