"""Twelve months' look-back: read at once, and by the months that are kept; and what keeping a month costs.

``python -m tests.bench.look_back keep|by_months|at_once SNAPSHOT OUT`` are measured processes for features,
``keep_rules|rules_by_months|rules_at_once`` for rules.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq

from basis import carried
from basis.find import find
from basis.rulebook import load_rulebook
from features.carried import Kept, keep_months, look_back, open_with_months
from features.catalogue import GRAINS
from features.compute import compute
from pipelines.quarter import FINDING_ORDER
from records.asof import open_asof
from records.output import sha256, write_json, write_parquet
from records.snapshot import Snapshot
from tests.bench.features import MEMORY, PERSONS, QUARTER, snapshot_of_city
from tests.bench.measure import Line, timed

#: A fifth of a prefecture: five quarters of the whole would not go through the gate within the time of ``make bench``.
PART = int(os.environ.get("RXPANEL_BENCH_PART", "5"))
#: What a whole prefecture may take, in seconds.
LIMIT = 210


def twelve_months() -> list[Line]:
    """All features of a quarter that has twelve months before it, by kept months and from everything at once."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        alone = snapshot_of_city(work, PERSONS // PART)
        (work / "bare").mkdir()
        bare = timed(["tests.bench.look_back", "at_once", alone, work / "bare"], work)
        snapshot = snapshot_of_city(work, PERSONS // PART, months=12)
        for name in ("kept", "by_months", "at_once"):
            (work / name).mkdir()
        keeping = timed(["tests.bench.look_back", "keep", snapshot, work / "kept"], work)
        by_months = timed(["tests.bench.look_back", "by_months", snapshot, work / "by_months", work / "kept"], work)
        at_once = timed(["tests.bench.look_back", "at_once", snapshot, work / "at_once"], work)
        seconds = json.loads((work / "kept" / "seconds.json").read_text(encoding="utf-8"))
        different = sum(_bytes(work / "by_months", grain) != _bytes(work / "at_once", grain) for grain in GRAINS)
        rows = {name: pq.ParquetFile(snapshot / f"{name}.parquet").metadata.num_rows for name in ("prescription", "fee_line")}
    what = f"{rows['prescription']:,} prescriptions, {rows['fee_line']:,} fee lines of fifteen months"
    return [
        Line(f"survey of {what}", seconds["survey"], "s"),
        Line("keeping a month", sum(seconds["months"]) / len(seconds["months"]), "s"),
        Line("keeping months, peak memory", keeping.peak, "MB", 8_192),
        Line("all features by kept months", by_months.seconds, "s", LIMIT / PART),
        Line("all features by kept months, peak memory", by_months.peak, "MB", 8_192),
        Line("all features, look-back read at once", at_once.seconds, "s"),
        Line("all features of the quarter without look-back", bare.seconds, "s"),
        Line("by kept months over without look-back", by_months.seconds / bare.seconds, "x"),
        Line("feature files whose bytes differ", different, "files", 0),
    ]


def rules_of_twelve_months() -> list[Line]:
    """All rules of a quarter that has twelve months before it, by kept months and from everything at once."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        alone = snapshot_of_city(work, PERSONS // PART)
        snapshot = snapshot_of_city(work, PERSONS // PART, months=12)
        for name in ("bare", "kept", "by_months", "at_once"):
            (work / name).mkdir()
        bare = timed(["tests.bench.look_back", "rules_at_once", alone, work / "bare"], work)
        keeping = timed(["tests.bench.look_back", "keep_rules", snapshot, work / "kept"], work)
        by_months = timed(["tests.bench.look_back", "rules_by_months", snapshot, work / "by_months", work / "kept"], work)
        at_once = timed(["tests.bench.look_back", "rules_at_once", snapshot, work / "at_once"], work)
        seconds = json.loads((work / "kept" / "seconds.json").read_text(encoding="utf-8"))
        parts = sum(path.stat().st_size for path in (work / "kept" / "rules").rglob("*.parquet")) / len(seconds["months"])
        different, found = _different(work / "by_months" / "findings.parquet", work / "at_once" / "findings.parquet")
        rows = {name: pq.ParquetFile(snapshot / f"{name}.parquet").metadata.num_rows for name in ("prescription", "fee_line")}
    what = f"{rows['prescription']:,} prescriptions, {rows['fee_line']:,} fee lines of fifteen months"
    return [
        Line(f"rules: survey of {what}", seconds["survey"], "s"),
        Line("keeping a month for rules", sum(seconds["months"]) / len(seconds["months"]), "s"),
        Line("a month kept for rules, on disk", parts / 1e6, "MB"),
        Line("keeping months for rules, peak memory", keeping.peak, "MB", 8_192),
        Line("all rules by kept months", by_months.seconds, "s"),
        Line("all rules by kept months, peak memory", by_months.peak, "MB", 8_192),
        Line("all rules, look-back read at once", at_once.seconds, "s"),
        Line("all rules, look-back read at once, peak memory", at_once.peak, "MB"),
        Line("all rules of the quarter without look-back", bare.seconds, "s"),
        Line("rules by kept months over without look-back", by_months.seconds / bare.seconds, "x"),
        Line(f"of {found:,} findings, rows that differ", different, "rows", 0),
    ]


def _different(one: Path, other: Path) -> tuple[int, int]:
    """Rows that stand in one file of findings only, however often, and the rows of the second."""
    import duckdb

    first, second = (f"SELECT * FROM read_parquet('{path}')" for path in (one, other))
    apart = f"SELECT count(*) FROM (({first} EXCEPT ALL {second}) UNION ALL ({second} EXCEPT ALL {first}))"
    return duckdb.sql(apart).fetchall()[0][0], pq.ParquetFile(other).metadata.num_rows


def _bytes(folder: Path, grain: str) -> str:
    return sha256(folder / f"features_{grain}.parquet")


def _keep(snapshot: Snapshot, out: Path, keep: Callable[..., dict[str, bool]]) -> None:
    kept = Kept(out, 2, MEMORY, out / ".spill")
    began = perf_counter()
    survey = look_back(snapshot, QUARTER.begin, kept)[0]
    seconds = {"survey": perf_counter() - began, "months": []}
    for month in survey.before(QUARTER.begin):
        began = perf_counter()
        keep(snapshot, month.as_of, kept)
        seconds["months"].append(perf_counter() - began)  # type: ignore[attr-defined]
    write_json(out / "seconds.json", seconds)


def main(what: str, place: Path, out: Path, kept: Path | None = None) -> None:
    snapshot, of_rules = Snapshot.load(place), "rules" in what
    if what.startswith("keep"):
        _keep(snapshot, out, carried.keep_months if of_rules else keep_months)
        return
    if kept is not None:
        by_months = carried.open_with_months if of_rules else open_with_months
        con = by_months(snapshot, QUARTER, Kept(kept, 2, MEMORY, out / "spill"))
    else:
        con = open_asof(snapshot, QUARTER, threads=2, memory_limit=MEMORY, scratch=out / "spill", wide=of_rules)
    if of_rules:
        find(con, snapshot, load_rulebook())
        order = [f"{name} NULLS FIRST" for name in FINDING_ORDER]
        write_parquet(con, "SELECT * FROM findings", out / "findings.parquet", order)
        return
    for grain in GRAINS:
        compute(con, snapshot, grain, out)


if __name__ == "__main__":
    main(sys.argv[1], *(Path(argument) for argument in sys.argv[2:]))
