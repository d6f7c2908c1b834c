"""The review basis at a city's size: all rules of a quarter, one prescription alone, and six rules in plain pandas.

``python -m tests.bench.basis find SNAPSHOT OUT [six]`` and ``... one SNAPSHOT OUT`` are measured processes.
RXPANEL_BENCH_PERSONS sets another size of the city, for trying the bench itself.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from basis.find import find
from basis.one import Desk
from basis.rulebook import Rulebook, load_rulebook
from records.asof import open_asof
from records.output import write_json, write_parquet
from records.single import rows_of_person
from records.snapshot import Snapshot
from tests.bench.features import PART, QUARTER, snapshot_of_city
from tests.bench.features import PERSONS as CITY
from tests.bench.measure import Line, Process, timed
from tests.bench.plain_rules import RULES

#: Memory for the engine: rules keep more beside it than features do (rows of findings on their way into words).
MEMORY = "6500MB"
#: Prescriptions that are checked one by one.
ALONE = 200


def rules_at_size() -> list[Line]:
    """Every rule of a quarter from its snapshot to the findings, whole and a part; one alone; six in pandas."""
    persons = int(os.environ.get("RXPANEL_BENCH_PERSONS", CITY))
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        small = snapshot_of_city(work, persons // PART)
        plain = timed(["tests.bench.plain_rules", small, work / "plain.parquet"], work)
        six, _ = _found(small, work / "six", work, "six")
        timed(["tests.bench.basis", "one", small, work / "one"], work)
        alone = json.loads((work / "one" / "seconds.json").read_text(encoding="utf-8"))
        large = snapshot_of_city(work, persons)
        whole, seconds = _found(large, work / "whole", work)
        lines, of_part = _rows(large, "fee_line"), _rows(small, "fee_line")
        what = f"{_rows(large, 'prescription'):,} prescriptions, {lines:,} fee lines"
    each = whole.seconds / lines
    return [
        Line(f"all {len(load_rulebook().rules)} rules over {what}, written", whole.seconds, "s", 180),
        Line("of it, tables as of the quarter with the person's history", seconds["open"], "s"),
        Line("of it, findings", seconds["find"], "s"),
        Line("all rules, peak memory", whole.peak, "MB", 8_192),
        Line(f"one prescription alone, {alone['rules']:.0f} rules, median of {ALONE}", 1000 * alone["median"], "ms", 20),
        Line("one prescription alone, 95th of 100", 1000 * alone["p95"], "ms"),
        Line("one prescription alone, processor time, median", 1000 * alone["cpu"], "ms"),
        Line("planning all rules, once a process", 1000 * alone["plan"], "ms"),
        Line(f"{len(RULES)} rules in pandas on 1/{PART}", plain.seconds, "s"),
        Line(f"the same {len(RULES)} rules by the house on 1/{PART}", six.seconds, "s"),
        Line(f"all rules, times faster per line than {len(RULES)} in pandas", plain.seconds / of_part / each, "x", least=8),
    ]


def city_snapshot(work: Path, persons: int, months: int) -> Snapshot:
    """The snapshot of a small made-up city with look-back."""
    city, place = work / "city", work / "work"
    asked = ["--persons", str(persons), "--seed", "5", "--quarter", str(QUARTER), "--months", str(months), "--out", city]
    timed(["pipelines.main", "simulate", *asked], work)
    timed(["tests.bench.features", "snapshot", city, place], work)
    return Snapshot.load(next((place / "snapshots").iterdir()))


def _found(snapshot: Path, out: Path, work: Path, *which: str) -> tuple[Process, dict[str, float]]:
    process = timed(["tests.bench.basis", "find", snapshot, out, *which], work)
    return process, json.loads((out / "seconds.json").read_text(encoding="utf-8"))


def _rows(snapshot: Path, table: str) -> int:
    return int(pq.ParquetFile(snapshot / f"{table}.parquet").metadata.num_rows)


def find_all(snapshot: Path, out: Path, which: str = "all") -> None:
    """Findings of all rules or of the six, written; and what opening and finding took."""
    out.mkdir()
    given, book = Snapshot.load(snapshot), load_rulebook()
    if which == "six":
        book = Rulebook(tuple(rule for rule in book.rules if rule.rule_id in RULES), (), book.tables)
    began = time.perf_counter()
    con = open_asof(given, QUARTER, threads=2, memory_limit=MEMORY, scratch=out / "spill")
    opened = time.perf_counter()
    find(con, given, book)
    done = time.perf_counter()
    write_parquet(con, "SELECT * FROM findings", out / "findings.parquet", ["rule_id", "subject_code", "feedetl_sn"])
    write_json(out / "seconds.json", {"open": opened - began, "find": done - opened})


def check_alone(snapshot: Path, out: Path) -> None:
    """Single prescriptions, each with all that is known of its person; reading their rows is not counted."""
    out.mkdir()
    given = Snapshot.load(snapshot)
    con = open_asof(given, QUARTER, threads=2, memory_limit=MEMORY, scratch=out / "spill")
    began = time.perf_counter()
    desk = Desk(load_rulebook(), QUARTER, given.has)
    plan = time.perf_counter() - began
    chosen = con.execute(f"SELECT rxno, psn_no FROM frame ORDER BY md5(rxno) LIMIT {ALONE}").fetchall()
    seconds, cpu = [], []
    for rxno, person in chosen:
        rows = rows_of_person(con, person)
        began, used = time.perf_counter(), time.process_time()
        desk.check(rxno, rows)
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    quantiles = statistics.quantiles(seconds, n=20)
    facts = {"median": statistics.median(seconds), "p95": quantiles[-1], "cpu": statistics.median(cpu), "plan": plan}
    write_json(out / "seconds.json", {**facts, "rules": float(len(desk.rule_ids))})


if __name__ == "__main__":
    {"find": find_all, "one": check_alone}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
