"""What prescriptions say of institutions is the same in training as in a run: those they wrote and those they dispensed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd
import pytest

import pipelines.feeding
from models.labels import Labels
from models.specs import load_specs
from pipelines.feeding import fed_now, with_fed
from pipelines.quarter import QuarterTables
from records.periods import Quarter

NAME, RAW = "2026Q3", {"R1": 3.0, "R2": 1.0, "R3": 2.0, "R4": 0.0}
WROTE = {"R1": "H1", "R2": "H1", "R3": "H2", "R4": "H2"}
#: Settlement, who charged it, and its lines: R1 at a pharmacy in two lines, R3 in part at home; R9 is of an older quarter.
CHARGED = [
    ("S1", "P1", ["R1", "R1"]),
    ("S2", "H1", ["R2", None]),
    ("S3", "P1", ["R3"]),
    ("S4", "H2", ["R3"]),
    ("S5", "P1", ["R9"]),
]


@pytest.fixture
def tables() -> Any:
    con = duckdb.connect()
    for name, frame in {
        "frame": pd.DataFrame({"rxno": list(WROTE), "fixmedins_code": list(WROTE.values())}),
        "fee_line": pd.DataFrame([(rxno, setl) for setl, _, lines in CHARGED for rxno in lines], columns=["rxno", "setl_id"]),
        "settlement": pd.DataFrame([(setl, who) for setl, who, _ in CHARGED], columns=["setl_id", "fixmedins_code"]),
    }.items():
        con.register(f"given_{name}", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")
    yield QuarterTables(Quarter.parse(NAME), con, None)  # type: ignore[arg-type]
    con.close()


def test_a_prescription_charged_elsewhere_is_named_once_for_each_who_charged_it(tables: QuarterTables) -> None:
    pairs = tables.dispensed_elsewhere()
    assert list(pairs.itertuples(index=False, name=None)) == [("R1", "P1"), ("R3", "P1")]


def test_training_and_run_feed_an_institution_alike(tables: QuarterTables, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load_specs()["fraud@institution"]
    scores = pd.DataFrame({"rxno": list(RAW), "target": "fraud", "raw_score": list(RAW.values())})
    now = fed_now(tables, "institution", scores)
    assert now is not None
    # Places 1, 0.5, 0.75 and 0.25 of the four.
    assert now["fed_fraud_mean"].to_dict() == pytest.approx({"H1": 0.75, "H2": 0.5, "P1": 0.875})

    raw = pd.Series(RAW).to_numpy()
    monkeypatch.setattr(pipelines.feeding, "_held_out", lambda *_: {NAME: raw})
    written = pd.DataFrame({"key": list(WROTE), "its_fixmedins_code": list(WROTE.values())})
    labelled: Any = SimpleNamespace(
        rows=lambda names, grain: written, dispensed_elsewhere=lambda name: tables.dispensed_elsewhere()
    )
    rows = pd.DataFrame({"key": ["H1", "H2", "P1", "P2"], "quarter": NAME})
    fed = with_fed(labelled, spec, rows, lambda one: Labels(pd.DataFrame(), ""), 1).set_index("key")
    assert fed.loc["P2", list(now.columns)].isna().all()
    pd.testing.assert_frame_equal(fed.loc[now.index, list(now.columns)], now, check_names=False)
