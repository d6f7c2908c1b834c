-- What is usual for a product among the look-back's lines. Grain: med_list_codg. Medians are disc (a value
-- that was written); null where fewer than ten lines say it.
CREATE TABLE stage.usual_drug AS
SELECT med_list_codg,
    CASE WHEN count(single_dose) >= 10 THEN
        percentile_disc(0.5) WITHIN GROUP (ORDER BY single_dose) END AS single_dose,
    CASE WHEN count(prd_days) >= 10 THEN
        percentile_disc(0.5) WITHIN GROUP (ORDER BY prd_days) END AS prd_days
FROM stage.line
WHERE NOT piece
GROUP BY med_list_codg;
