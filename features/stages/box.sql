-- Drug boxes that stand, net of returns, on fee lines that themselves stand net of refunds. Grain: code, fee_row.
CREATE TABLE stage.box AS
WITH known AS (
    SELECT t.drug_trac_codg, f.fee_row, t.trdn_flag, t.sel_retn_cnt
    FROM whole.fee_line f JOIN whole.drug_trace t ON t.feedetl_sn = f.feedetl_sn
    WHERE t.sel_retn_time < (SELECT as_of FROM stage.moment)
), box AS (
    SELECT drug_trac_codg, fee_row, max(trdn_flag) AS split, sum(sel_retn_cnt) AS kept
    FROM known GROUP BY drug_trac_codg, fee_row
)
SELECT b.drug_trac_codg, b.fee_row, b.split FROM box b SEMI JOIN net n ON n.fee_row = b.fee_row WHERE b.kept > 0;
