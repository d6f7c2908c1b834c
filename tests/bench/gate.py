"""The gate at a city's size: readers, quarantine and suites, beside plain pandas and beside a twentieth of the rows."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from tests.bench.measure import Line, Process, timed
from tests.bench.plain_gate import TABLES

#: A city whose quarter has 7.5 million prescriptions and 19 million fee lines, and a twentieth of it.
PERSONS, PART = 6_100_000, 20
QUARTER = "2026Q3"


def _city(work: Path, persons: int) -> Path:
    out = work / f"city-{persons}"
    asked = ["--persons", str(persons), "--seed", "5", "--quarter", QUARTER, "--months", "0", "--out", out]
    timed(["pipelines.main", "simulate", *asked], work)
    return out


def _check(folder: Path, work: Path) -> Process:
    return timed(["pipelines.main", "check", "--data", folder, "--quarter", QUARTER, "--work", work], work)


def _rows(folder: Path, *names: str) -> int:
    return sum(int(pq.ParquetFile(folder / f"{name}.parquet").metadata.num_rows) for name in names)


def gate_at_size() -> list[Line]:
    """A check of the whole quarter and of a twentieth of it, and the same row checks in pandas on the twentieth."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        small, large = _city(work, PERSONS // PART), _city(work, PERSONS)
        part = _check(small, work)
        plain = timed(["tests.bench.plain_gate", small, work], work)
        whole = _check(large, work)
        rows, of_part = _rows(large, *TABLES), _rows(small, *TABLES)
        growth = math.log(whole.seconds / part.seconds) / math.log(rows / of_part)
        scaled = plain.seconds / of_part * rows
        counted = f"{_rows(large, 'fee_line'):,} fee lines, {_rows(large, 'prescription'):,} prescriptions"
    return [
        Line(f"check of {counted}", whole.seconds, "s", 150),
        Line("check, peak memory", whole.peak, "MB", 6_000),
        Line(f"check of 1/{PART} of it", part.seconds, "s"),
        Line("check, growth exponent from the part to the whole", growth, "", 1.1),
        Line(f"the same row checks in pandas on 1/{PART}", plain.seconds, "s"),
        Line("pandas scaled to the whole", scaled, "s"),
        Line("check, times faster per row than pandas", scaled / whole.seconds, "x", least=10),
    ]
