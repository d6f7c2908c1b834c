-- What earlier months left behind, when there is no earlier month: the same columns, no row.
CREATE VIEW carried.paid AS SELECT item, pric, CAST(0 AS BIGINT) AS n FROM main.net WHERE FALSE;
CREATE VIEW carried.said AS SELECT item, 1 AS what, single_dose AS value, CAST(0 AS BIGINT) AS n FROM main.net WHERE FALSE;
CREATE VIEW carried.lift AS
SELECT quarter AS kind, quarter AS class_name, quarter AS tag, CAST(0 AS BIGINT) AS n FROM main.period WHERE FALSE;
CREATE VIEW carried.visit AS
SELECT setl_row, psn_row, inst_row, fixmedins_type, day, first_day, last_day, second_no, hour_no, inpatient, stay_id,
    mdtrt_cert_type, elsewhere, fee_fen AS net_fen, fee_fen AS drug_fen, fund_fen
FROM main.setl WHERE FALSE;
CREATE VIEW carried.supply AS
SELECT psn_row, setl_id AS substance_name, day, day AS days FROM main.setl WHERE FALSE;
CREATE VIEW carried.trace AS SELECT setl_id AS drug_trac_codg, 0 AS split FROM main.setl WHERE FALSE;
CREATE VIEW carried.rx AS
SELECT rx_row, psn_row, dr_row, inst_row, day, second_no, amount_fen FROM main.rx WHERE FALSE;
CREATE VIEW carried.death AS SELECT psn_row, CAST(0 AS BIGINT) AS n FROM main.setl WHERE FALSE;
CREATE VIEW carried.known AS SELECT quarter AS need FROM main.period WHERE FALSE;
