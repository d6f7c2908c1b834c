-- Another prescription by the same prescriber for the same person on the day, within minutes: what was written at another
-- hour neither counts nor excuses. Decoction pieces must stand on a prescription of their own: only prescriptions of one
-- kind count together.
WITH written AS (
    SELECT *, hour(prsc_time) * 60 + minute(prsc_time) AS minute_no, prsc_time::DATE AS on_day,
        coalesce(rx_type_code, '') AS kind
    FROM frame WHERE setting IN ('1', '2')
), near AS (
    SELECT a.rxno, count(*) + 1 AS prescriptions, max(abs(a.minute_no - b.minute_no)) AS minutes
    FROM written a JOIN written b ON b.psn_no = a.psn_no AND b.dr_codg = a.dr_codg AND b.on_day = a.on_day AND b.kind = a.kind
    WHERE b.rxno <> a.rxno
        AND abs(a.minute_no - b.minute_no) <= limit_of('rx-split', 'most_minutes', a.prsc_time)
    GROUP BY a.rxno
)
SELECT w.rxno, NULL AS setl_id, NULL AS feedetl_sn, w.psn_no, w.fixmedins_code, w.dr_codg, w.prsc_time AS fee_ocur_time,
    w.rxno AS subject_code, 0 AS amount, {'prescriptions': n.prescriptions, 'minutes': n.minutes} AS facts
FROM written w JOIN near n ON n.rxno = w.rxno
