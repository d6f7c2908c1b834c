"""The gate at a city's size: readers, quarantine and suites, beside plain pandas and beside a twentieth of the rows."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from tests.bench.measure import Line, Process, timed
from tests.bench.multiplied import city, copies_for, multiply, rows_of
from tests.bench.plain_gate import TABLES

PERSONS = 20_000
#: A quarter of a city of six million.
PRESCRIPTIONS, LINES = 7_500_000, 19_000_000
PART = 20
QUARTER = "2026Q3"


def _check(folder: Path, work: Path) -> Process:
    return timed(["pipelines.main", "check", "--data", folder, "--quarter", QUARTER, "--work", work], work)


def _all_rows(folder: Path) -> int:
    return sum(rows_of(folder, name) for name in TABLES)


def gate_at_size() -> list[Line]:
    """A check of the whole quarter and of a twentieth of it, and the same row checks in pandas on the twentieth."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        source = city(work, PERSONS)
        copies = copies_for(source, PRESCRIPTIONS, LINES)
        small = multiply(source, max(copies // PART, 1), work / "small")
        part = _check(small, work)
        plain = timed(["tests.bench.plain_gate", small, work], work)
        large = multiply(source, copies, work / "large")
        whole = _check(large, work)
        rows, of_part, lines = _all_rows(large), _all_rows(small), rows_of(large, "fee_line")
        growth = math.log(whole.seconds / part.seconds) / math.log(rows / of_part)
        scaled = plain.seconds / of_part * rows
        counted = f"{lines:,} fee lines, {rows_of(large, 'prescription'):,} prescriptions"
    return [
        Line(f"check of {counted}", whole.seconds, "s", 150),
        Line("check, peak memory", whole.peak, "MB", 6_000),
        Line(f"check of 1/{PART} of it", part.seconds, "s"),
        Line("check, growth exponent from the part to the whole", growth, "", 1.1),
        Line(f"the same row checks in pandas on 1/{PART}", plain.seconds, "s"),
        Line("pandas scaled to the whole", scaled, "s"),
        Line("check, times faster per row than pandas", scaled / whole.seconds, "x", least=10),
    ]
