"""All features at a city's size: time, memory, growth, a heavy tail, and fifteen of them in plain pandas.

``python -m tests.bench.features snapshot FOLDER WORK`` and ``... compute SNAPSHOT OUT [THREADS]`` are measured processes.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq

from features.catalogue import GRAINS, load_catalogue
from features.compute import compute
from pipelines.gate import Source, fresh, pass_gate, snapshot_of
from records.asof import connect, open_asof
from records.output import write_json, write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot
from records.source import parquet
from records.workplace import Workplace
from tests.bench.measure import Line, Process, timed
from tests.bench.plain_features import FEATURES

#: A city whose quarter has 7.5 million prescriptions and 19 million fee lines, and a twentieth of it.
PERSONS, PART = 6_100_000, 20
QUARTER = Quarter.parse("2026Q3")
MEMORY = "7GB"
#: Prescriptions that one person has in the copy with a heavy tail.
HEAVY = 2_000


def features_at_size() -> list[Line]:
    """Every feature of every grain of a quarter, from its snapshot to the files, whole and a twentieth."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        small = snapshot_of_city(work, PERSONS // PART)
        plain = timed(["tests.bench.plain_features", small, work / "plain.parquet"], work)
        quick = timed(["tests.bench.plain_features", small, work / "plain.parquet", "thirteen"], work)
        part = _compute(small, work / "part", work)
        alone = _compute(small, work / "alone", work, threads=1)
        tail = _compute(_with_heavy_tail(small, work / "heavy"), work / "tail", work)
        large = snapshot_of_city(work, PERSONS)
        whole = _compute(large, work / "whole", work)
        rx, of_part = _rows(large, "prescription"), _rows(small, "prescription")
        what = f"{rx:,} prescriptions, {_rows(large, 'fee_line'):,} fee lines"
        parts = json.loads((work / "whole" / "seconds.json").read_text(encoding="utf-8"))
    growth = math.log(whole.seconds / part.seconds) / math.log(rx / of_part)
    each = whole.seconds / rx
    return [
        Line(f"all {len(load_catalogue())} features of {what}, written", whole.seconds, "s", 150),
        *(
            Line(f"of it, {name}", seconds, "s")
            for name, seconds in sorted(parts.items(), key=lambda part: -part[1])
            if seconds >= 0.5
        ),
        Line("all features, peak memory", whole.peak, "MB", 8_192),
        Line(f"all features of 1/{PART} of it", part.seconds, "s"),
        Line("the same with one thread", alone.seconds, "s"),
        # Two threads of one core are no two cores: this says what the limit in seconds rests on.
        Line("what the second thread of this machine gives", alone.seconds / part.seconds, "x"),
        Line("all features, growth exponent from the part to the whole", growth, "", 1.15),
        Line(f"the part with one person who has {HEAVY:,} prescriptions", tail.seconds, "s"),
        Line("heavy tail over none", tail.seconds / part.seconds, "x", 1.25),
        Line(f"{len(FEATURES)} features in pandas on 1/{PART}", plain.seconds, "s"),
        Line(f"{len(FEATURES) - 2} of them, without the two windows that pandas does a group at a time", quick.seconds, "s"),
        Line("all features, times faster per prescription than 15 in pandas", plain.seconds / of_part / each, "x", least=8),
        Line("all features, times faster per prescription than 13 in pandas", quick.seconds / of_part / each, "x"),
    ]


def snapshot_of_city(work: Path, persons: int, months: int = 0) -> Path:
    """The snapshot of a made-up city's quarter and of months before it; the city itself is thrown away."""
    city, place = work / f"city-{persons}-{months}", work / f"work-{persons}-{months}"
    asked = ["--persons", str(persons), "--seed", "5", "--quarter", str(QUARTER), "--months", str(months), "--out", city]
    timed(["pipelines.main", "simulate", *asked], work)
    timed(["tests.bench.features", "snapshot", city, place], work)
    fresh(city)
    return next((place / "snapshots").iterdir())


def _compute(snapshot: Path, out: Path, work: Path, threads: int = 2) -> Process:
    out.mkdir()
    return timed(["tests.bench.features", "compute", snapshot, out, str(threads)], work)


def _with_heavy_tail(small: Path, target: Path) -> Path:
    """A copy in which the first prescriptions and what was settled with them are all one person's."""
    target.mkdir()
    con = connect(2, MEMORY)
    con.execute(f"CREATE VIEW rx AS SELECT * FROM {parquet(small / 'prescription.parquet')}")
    con.execute(
        f"CREATE TABLE taken AS SELECT mdtrt_id, (SELECT min(psn_no) FROM rx) AS psn FROM rx ORDER BY rxno LIMIT {HEAVY}"
    )
    for source in sorted(small.iterdir()):
        if source.name not in ("prescription.parquet", "settlement.parquet"):
            (target / source.name).symlink_to(source)
            continue
        key = {"prescription.parquet": "rxno", "settlement.parquet": "setl_id"}[source.name]
        moved = "SELECT t.* REPLACE (coalesce(k.psn, t.psn_no) AS psn_no)"
        once = "(SELECT DISTINCT mdtrt_id, psn FROM taken)"
        write_parquet(con, f"{moved} FROM {parquet(source)} t LEFT JOIN {once} k USING (mdtrt_id)", target / source.name, [key])
    return target


def _rows(snapshot: Path, table: str) -> int:
    return int(pq.ParquetFile(snapshot / f"{table}.parquet").metadata.num_rows)


def _take(folder: Path, work: Path) -> None:
    workplace = Workplace(work)
    accepted = pass_gate(Source(str(folder), QUARTER, 2, "8GB"), workplace, fresh(workplace.scratch / "gate"))
    snapshot_of(accepted, workplace)


def once(snapshot: Path, out: Path, threads: str = "2") -> None:
    """All features of all grains, written; and what each part took."""
    began = perf_counter()
    given = Snapshot.load(snapshot)
    con = open_asof(given, QUARTER, threads=int(threads), memory_limit=MEMORY, scratch=out / "spill", wide=False)
    parts = {"what was known": perf_counter() - began}
    for grain in GRAINS:
        seconds = compute(con, given, grain, out).seconds
        joining = seconds.pop(f"features_{grain}")
        parts |= {f"stages of {grain}": sum(seconds.values()), f"joining and packing {grain}": joining}
    write_json(out / "seconds.json", parts)


if __name__ == "__main__":
    action, folder, target, *rest = sys.argv[1:]
    if action == "snapshot":
        _take(Path(folder), Path(target))
    else:
        once(Path(folder), Path(target), *rest)
