"""The areas that are measured."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import pandas as pd

from tests.bench.measure import Line, timed

PERSONS = 20_000


def help_answers() -> list[Line]:
    """``rxpanel --help``, five times."""
    with tempfile.TemporaryDirectory() as scratch:
        seconds = [timed(["pipelines.main", "--help"], Path(scratch)).seconds for _ in range(5)]
    return [Line("rxpanel --help, median of 5", statistics.median(seconds), "s", 0.5)]


def chain_of_a_demo_city() -> list[Line]:
    """The demo without its app: a city of 20,000 persons, its quarter run, its cases open."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        process = timed(["pipelines.main", "demo", "--persons", str(PERSONS), "--no-app", "--work", work], work)
    return [
        Line(f"demo of {PERSONS:,} persons", process.seconds, "s", 300),
        Line(f"demo of {PERSONS:,} persons, peak memory", process.peak, "MB"),
    ]


def gate_against_plain_pandas() -> list[Line]:
    """Readers, quarantine and suites, beside the same row checks of fee lines written plainly in pandas."""
    with tempfile.TemporaryDirectory() as scratch:
        work, city = Path(scratch), Path(scratch) / "city"
        timed(["pipelines.main", "simulate", "--persons", str(PERSONS), "--seed", "5", "--out", city], work)
        checked = timed(["pipelines.main", "check", "--data", city, "--quarter", "2026Q3", "--work", work], work)
        files = sorted(city.glob("*.parquet"))
        rows = sum(len(pd.read_parquet(path)) for path in files)
        lines = pd.read_parquet(city / "fee_line.parquet").astype(str)
        began = time.perf_counter()
        _plain_checks(lines, set(pd.read_parquet(city / "settlement.parquet")["setl_id"]))
        plain = time.perf_counter() - began
    return [
        Line(f"check of {rows:,} rows, all tables, with suites and reports", checked.seconds, "s"),
        Line("check, rows a second", rows / checked.seconds, "rows/s"),
        Line("plain pandas loop over fee lines, rows a second", len(lines) / plain, "rows/s"),
    ]


def _plain_checks(lines: pd.DataFrame, settlements: set[str]) -> list[list[str]]:
    """Key, type, reference and amount checks of fee lines as one would write them first."""
    faults, seen = [], set()
    for row in lines.itertuples(index=False):
        found = []
        if row.feedetl_sn in seen:
            found.append("duplicate")
        seen.add(row.feedetl_sn)
        if row.setl_id not in settlements:
            found.append("orphan")
        try:
            if abs(float(row.cnt) * float(row.pric) - float(row.det_item_fee_sumamt)) > 0.01:
                found.append("amount")
            pd.Timestamp(row.fee_ocur_time)
        except ValueError:
            found.append("type")
        faults.append(found)
    return faults
