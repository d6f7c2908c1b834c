"""The made-up city: one city whatever quarter is asked for, the contract's types, believable prevalences."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from expectations.gate import sort_tables
from records.asof import connect
from records.contract import load_contract
from records.periods import Quarter
from records.readers import read_source
from simulator.city import simulate
from simulator.experts import judge

THIRD = Quarter.parse("2026Q3")


@pytest.fixture(scope="module")
def folder(cities: Path) -> Path:
    return cities


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.parquet"))
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes(folder: Path) -> None:
    assert hashes(folder / "third") == hashes(folder / "again")
    assert len(hashes(folder / "third")) > 20


@pytest.mark.parametrize("table", ["prescription", "prescription_line", "diagnosis", "truth/prescription"])
def test_another_quarter_shows_the_same_city(folder: Path, table: str) -> None:
    now = pd.read_parquet(folder / "second" / f"{table}.parquet")
    later = pd.read_parquet(folder / "third" / f"{table}.parquet")
    key = "mdtrt_id" if table == "diagnosis" else "rxno"
    pd.testing.assert_frame_equal(now, later[later[key].isin(set(now[key]))].reset_index(drop=True))


def test_the_months_asked_for_change_nothing_of_what_is_in_them(folder: Path, tmp_path: Path) -> None:
    simulate(1200, 4, THIRD, 1, False, tmp_path / "shorter")
    shorter = pd.read_parquet(tmp_path / "shorter" / "fee_line.parquet")
    longer = pd.read_parquet(folder / "third" / "fee_line.parquet")
    written = pd.read_parquet(tmp_path / "shorter" / "prescription.parquet").prsc_time
    assert pd.Timestamp("2026-06-01") <= written.min() < pd.Timestamp("2026-06-03")
    # Bad rows are spoilt by their place in a folder's window, so only the current quarter's are the same.
    now = longer[longer.feedetl_sn.str.startswith("F2026Q3")].reset_index(drop=True)
    then = shorter[shorter.feedetl_sn.str.startswith("F2026Q3")].reset_index(drop=True)
    pd.testing.assert_frame_equal(now, then)


def test_persons_stay_who_they_are(folder: Path) -> None:
    second = pd.read_parquet(folder / "second" / "person.parquet").set_index("psn_no").sort_index()
    third = pd.read_parquet(folder / "third" / "person.parquet").set_index("psn_no").sort_index()
    assert len(third) == 1200
    columns = ["gend", "brdy", "insutype", "insu_admdvs"]
    pd.testing.assert_frame_equal(second[columns], third.loc[second.index, columns])
    assert third.dead_date.count() >= second.dead_date.count() > 0


def test_every_table_has_the_contract_s_columns_and_a_clean_city_keeps_its_rules(folder: Path) -> None:
    tables = {}
    for table in load_contract():
        path = folder / "clean" / f"{table.name}.parquet"
        if not path.exists():
            continue
        frame = pq.read_table(path).to_pandas()
        tables[table.name] = frame
        assert list(frame.columns) == [column.name for column in table.columns]
        for column in table.columns:
            if not column.nullable:
                assert frame[column.name].notna().all(), f"{table.name}.{column.name}"
            if column.closed and len(frame):
                codes = {str(code).removesuffix(".0") for code in frame[column.name].dropna()}
                assert codes <= set(column.codes), f"{table.name}.{column.name}"
        if table.key:
            assert not frame.duplicated(list(table.key)).any(), table.name
    for table in load_contract():
        for column in table.columns:
            if column.references and table.name in tables and column.references in tables:
                parent = tables[column.references][load_contract()[column.references].key[0]]
                assert set(tables[table.name][column.name].dropna()) <= set(parent), f"{table.name}.{column.name}"
    lines, settled = tables["fee_line"], tables["settlement"]
    assert (lines.cnt * lines.pric - lines.det_item_fee_sumamt).abs().astype(float).max() <= 0.01
    sums = lines.groupby("setl_id").det_item_fee_sumamt.sum()
    assert (settled.set_index("setl_id").medfee_sumamt - sums).abs().astype(float).max() == 0
    parts = settled.fund_pay_sumamt + settled.acct_pay + settled.psn_cash_pay
    assert (settled.medfee_sumamt - parts).abs().astype(float).max() == 0
    died = settled.merge(tables["person"][["psn_no", "dead_date"]].dropna(), on="psn_no")
    assert not (pd.to_datetime(died.begndate).dt.date > died.dead_date).any()


def test_a_clean_city_has_nothing_wrong_in_it(folder: Path) -> None:
    truth = pd.read_parquet(folder / "clean" / "truth" / "prescription.parquet")
    assert (truth.verdict_class == 0).all()
    assert truth.fund_codes.isna().all()
    assert pd.read_parquet(folder / "clean" / "truth" / "subject.parquet").fraud_flag.sum() == 0
    assert pd.read_parquet(folder / "clean" / "truth" / "faults.parquet").empty


def test_the_gate_quarantines_nothing_of_a_clean_city(folder: Path, tmp_path: Path) -> None:
    con, contract = connect(), load_contract()
    report = read_source(con, folder / "clean", contract)
    result = sort_tables(con, report, contract, THIRD, tmp_path / "out")
    assert {name: table.quarantined for name, table in result.tables.items() if table.quarantined} == {}
    assert result.tables["fee_line"].accepted > 2500


def test_the_gate_finds_what_was_spoilt(folder: Path, tmp_path: Path) -> None:
    con, contract = connect(), load_contract()
    report = read_source(con, folder / "third", contract)
    result = sort_tables(con, report, contract, THIRD, tmp_path / "out")
    faults = pd.read_parquet(folder / "third" / "truth" / "faults.parquet")
    found = pd.read_parquet(tmp_path / "out" / "quarantine" / "fee_line.parquet")
    spoilt = faults[faults.table == "fee_line"]
    assert set(spoilt.key) <= set(found.feedetl_sn)
    assert set(spoilt.fault) == {"amount_mismatch", "orphan", "missing_required", "bad_code", "duplicate_identical"}
    assert result.tables["fee_line"].quarantined < 0.02 * result.tables["fee_line"].accepted


def test_past_verdicts_come_from_earlier_quarters_with_their_probability(folder: Path) -> None:
    verdicts = pd.read_parquet(folder / "third" / "past_verdict.parquet")
    written = pd.read_parquet(folder / "third" / "prescription.parquet").set_index("rxno").prsc_time
    assert (written.loc[verdicts.rxno] < pd.Timestamp(THIRD.begin)).all()
    assert (verdicts.reviewed_time < pd.Timestamp(THIRD.end)).all()
    assert verdicts.incl_prob.between(0, 1, inclusive="right").all()
    assert set(verdicts.selection) == {"random", "targeted"}


def test_experts_judge_mostly_right_and_the_same_twice(folder: Path) -> None:
    truth = pd.read_parquet(folder / "third" / "truth" / "prescription.parquet")
    cases = truth[["rxno"]].head(300).assign(case_id=[f"C{n}" for n in range(300)], quarter="2026Q3")
    given = judge(cases, truth, 1)
    pd.testing.assert_frame_equal(given, judge(cases, truth, 1))
    blind = given[given.stage == "blind"]
    assert len(blind) == 600
    right = blind.merge(truth, on="rxno").pipe(lambda f: (f.verdict_class_x == f.verdict_class_y.astype(str)).mean())
    assert 0.85 < right < 1.0
