"""The areas that are measured."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

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
