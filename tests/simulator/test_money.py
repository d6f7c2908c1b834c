"""Fee lines, settlements, refunds and trace codes of a simulated city add up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from simulator.catalogue import catalogue


@pytest.fixture(scope="module")
def settled(town: Path) -> pd.DataFrame:
    return pd.read_parquet(town / "settlement.parquet").set_index("setl_id")


@pytest.fixture(scope="module")
def lines(town: Path) -> pd.DataFrame:
    """Fee lines as they were before some were spoilt."""
    frame = pd.read_parquet(town / "fee_line.parquet")
    faults = pd.read_parquet(town / "truth" / "faults.parquet")
    return frame[~frame.feedetl_sn.isin(set(faults.key))]


def fen(values: pd.Series) -> pd.Series:
    return (values.astype(float) * 100).round().astype("int64")


def test_parts_of_a_settlement_add_up(settled: pd.DataFrame) -> None:
    parts = fen(settled.fund_pay_sumamt) + fen(settled.acct_pay) + fen(settled.psn_cash_pay)
    assert (parts == fen(settled.medfee_sumamt)).all()
    scope = fen(settled.inscp_scp_amt).abs() + fen(settled.fulamt_ownpay_amt).abs()
    assert (scope <= fen(settled.medfee_sumamt).abs()).all()
    assert (settled.acct_pay.astype(float)[settled.insutype == "390"] == 0).all()


def test_lines_are_quantity_times_price_and_make_their_settlement(
    town: Path, settled: pd.DataFrame, lines: pd.DataFrame
) -> None:
    wrong = lines.cnt.astype(float) * lines.pric.astype(float) - lines.det_item_fee_sumamt.astype(float)
    assert wrong.abs().max() <= 0.0100001
    spoilt = set(pd.read_parquet(town / "truth" / "faults.parquet").key)
    every = pd.read_parquet(town / "fee_line.parquet")
    touched = every[every.feedetl_sn.isin(spoilt)].mdtrt_id
    sums = fen(lines[~lines.mdtrt_id.isin(set(touched))].set_index("setl_id").det_item_fee_sumamt).groupby("setl_id").sum()
    known = settled.loc[settled.index.isin(sums.index)]
    assert len(known) > 0.98 * len(settled)
    assert (fen(known.medfee_sumamt) == sums.loc[known.index]).all()


def test_refunds_reverse_what_they_name(settled: pd.DataFrame, lines: pd.DataFrame) -> None:
    refunds = settled[settled.refd_setl_flag == 1]
    assert 0.008 < len(refunds) / len(settled) < 0.02
    original = settled.loc[refunds.orig_setl_id]
    assert (original.refd_setl_flag == 0).all()
    assert refunds.orig_setl_id.is_unique
    assert (refunds.psn_no.to_numpy() == original.psn_no.to_numpy()).all()
    back, first = fen(refunds.medfee_sumamt).to_numpy(), fen(original.medfee_sumamt).to_numpy()
    assert ((back < 0) & (-back <= first)).all()
    assert 0.6 < (back == -first).mean() < 0.95
    negative = lines[lines.setl_id.isin(refunds.index)]
    assert (negative.cnt < 0).all()
    assert (lines[~lines.setl_id.isin(refunds.index)].cnt > 0).all()


def test_what_was_refunded_is_sometimes_settled_again(settled: pd.DataFrame) -> None:
    again = settled[settled.index.str.endswith("A")]
    first = settled.loc[again.index.str.removesuffix("A")]
    assert len(again) > 100
    assert (fen(again.medfee_sumamt).to_numpy() == fen(first.medfee_sumamt).to_numpy()).all()
    assert (again.setl_time.to_numpy() > first.setl_time.to_numpy()).all()


def test_pharmacies_scan_a_code_a_box(town: Path, settled: pd.DataFrame, lines: pd.DataFrame) -> None:
    trace = pd.read_parquet(town / "drug_trace.parquet")
    assert not trace.duplicated(["drug_trac_codg", "feedetl_sn"]).any()
    sold = trace.merge(lines, on="feedetl_sn")
    assert sold.setl_id.map(settled.fixmedins_code).str.startswith("P").all()
    assert (sold.sel_retn_cnt == sold.cnt).all()
    assert sold.rxno.notna().all()
    drugs = sold.groupby("drug_trac_codg").hilist_code.nunique()
    assert (drugs == 1).all()


def test_codes_are_settled_twice_only_where_somebody_is_guilty(town: Path) -> None:
    trace, lines = pd.read_parquet(town / "drug_trace.parquet"), pd.read_parquet(town / "fee_line.parquet")
    trace["times"] = (trace.sel_retn_cnt > 0).astype(int) - (trace.sel_retn_cnt < 0).astype(int)
    whole = trace[trace.groupby("drug_trac_codg").trdn_flag.transform("max") == 0]
    net = whole.groupby("drug_trac_codg").times.sum()
    twice = trace[trace.drug_trac_codg.isin(set(net[net > 1].index))]
    rxno = lines.drop_duplicates("feedetl_sn").set_index("feedetl_sn").rxno
    truth = pd.read_parquet(town / "truth" / "prescription.parquet").set_index("rxno")
    guilty = truth.fund_codes.reindex(rxno.reindex(twice.feedetl_sn)).eq("F40-4").to_numpy()
    assert 50 < guilty.sum() < len(twice)
    places = pd.read_parquet(town / "truth" / "subject.parquet").query("scheme == 'trace_reuse'").subject_code
    settled = pd.read_parquet(town / "settlement.parquet").set_index("setl_id").fixmedins_code
    seller = lines.drop_duplicates("feedetl_sn").set_index("feedetl_sn").setl_id.map(settled)
    assert set(seller.reindex(twice.feedetl_sn).dropna()) <= set(places)


def test_prices_differ_and_procured_products_have_rivals(lines: pd.DataFrame) -> None:
    drugs = lines[lines.list_type == "101"].assign(pric=lines.pric.astype(float))
    spread = drugs.groupby("hilist_code").pric.agg(lambda prices: prices.std() / prices.mean())
    assert spread.median() > 0.02
    groups = catalogue().drug.dropna(subset=["vbp_group"]).groupby("vbp_group").vbp_selected_flag.agg(["min", "max"])
    assert ((groups["min"] == 0) & (groups["max"] == 1)).sum() >= 4


def test_fields_are_missing_at_their_rates(town: Path, lines: pd.DataFrame) -> None:
    rx = pd.read_parquet(town / "prescription.parquet")
    drugs = lines[lines.list_type == "101"]
    assert 0.02 < drugs.prd_days.isna().mean() < 0.06
    assert 0.02 < drugs.used_frqu_codg.isna().mean() < 0.05
    assert 0.8 < rx.psn_wt.isna().mean() < 0.9
    assert 0.3 < rx.usage_text.isna().mean() < 0.5
    assert 0.01 < rx.phar_codg.isna().mean() < 0.3


def test_ways_of_payment_and_persons_insured_elsewhere_occur(settled: pd.DataFrame) -> None:
    assert set(settled.clr_way.dropna()) == {"1", "2", "4"}
    assert set(settled.med_type) == {"11", "13", "14", "21", "41"}
    assert set(settled.mdtrt_cert_type) == {"01", "02", "03"}
    assert 0.02 < (settled.insu_admdvs == "520100").mean() < 0.05
