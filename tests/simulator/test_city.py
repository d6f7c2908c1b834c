"""The made-up city: one city whatever quarter is asked for, the contract's types, believable prevalences."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from records.contract import load_contract
from records.periods import Quarter
from simulator.city import simulate
from simulator.experts import judge

SECOND, THIRD = Quarter.parse("2026Q2"), Quarter.parse("2026Q3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("cities")
    simulate(1200, 4, THIRD, 3, False, base / "third")
    simulate(1200, 4, THIRD, 3, False, base / "again")
    simulate(1200, 4, SECOND, 0, False, base / "second")
    simulate(1200, 4, THIRD, 0, True, base / "clean")
    return base


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.parquet"))
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes(folder: Path) -> None:
    assert hashes(folder / "third") == hashes(folder / "again")
    assert len(hashes(folder / "third")) > 20


def test_another_quarter_shows_the_same_city(folder: Path) -> None:
    now = pd.read_parquet(folder / "second" / "prescription.parquet").set_index("rxno")
    later = pd.read_parquet(folder / "third" / "prescription.parquet").set_index("rxno")
    both = now.index.intersection(later.index)
    assert len(both) > 0.95 * len(now)
    pd.testing.assert_frame_equal(now.loc[both], later.loc[both])


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


def test_prevalences_are_believable_and_kinds_are_many(folder: Path) -> None:
    truth = pd.read_parquet(folder / "third" / "truth" / "prescription.parquet")
    assert 0.06 < (truth.verdict_class > 0).mean() < 0.20
    assert 0.002 < truth.fund_codes.notna().mean() < 0.04
    kinds = set(truth.kind.dropna().str.split().explode())
    assert len(kinds & {"over_supply", "antibacterial", "over_dose", "duplicate", "high_price", "unusual", "injection",
                        "no_diagnosis", "many_drugs", "vague_use"}) >= 8  # fmt: skip
    subject = pd.read_parquet(folder / "third" / "truth" / "subject.parquet")
    assert subject[subject.fraud_flag == 1].scheme.nunique() >= 6


def test_refunds_reverse_what_they_name(folder: Path) -> None:
    settled = pd.read_parquet(folder / "third" / "settlement.parquet").drop_duplicates("setl_id").set_index("setl_id")
    refunds = settled[settled.refd_setl_flag == 1]
    known = refunds[refunds.orig_setl_id.isin(settled.index)]
    assert len(known) >= 5
    original = settled.loc[known.orig_setl_id]
    assert (known.medfee_sumamt.to_numpy() == -original.medfee_sumamt.to_numpy()).all()


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
