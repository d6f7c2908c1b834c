-- Decoction pieces must stand on a prescription of their own: only prescriptions of one kind count together.
WITH near AS (
    SELECT f.*, count(*) OVER w AS prescriptions, max(hour(f.prsc_time) * 60 + minute(f.prsc_time)) OVER w
        - min(hour(f.prsc_time) * 60 + minute(f.prsc_time)) OVER w AS minutes
    FROM frame f WHERE f.setting IN ('1', '2')
    WINDOW w AS (PARTITION BY f.psn_no, f.dr_codg, f.prsc_time::DATE, f.rx_type_code)
)
SELECT rxno, NULL AS setl_id, NULL AS feedetl_sn, psn_no, fixmedins_code, dr_codg, prsc_time AS fee_ocur_time,
    rxno AS subject_code, 0 AS amount,
    {'prescriptions': prescriptions, 'minutes': minutes} AS facts
FROM near
WHERE prescriptions > 1
    AND minutes <= limit_of('rx-split', 'most_minutes', prsc_time)
