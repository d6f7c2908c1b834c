"""The made-up city at the size of a prefecture: one quarter of six million persons."""

from __future__ import annotations

import resource
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from tests.bench.measure import Line, timed

PERSONS = 6_000_000
#: Free space that a quarter of the city needs, with room to spare (bytes).
ROOM = 12 * 2**30


def city_of_six_million() -> list[Line]:
    """``rxpanel simulate`` of one quarter without look-back, to Parquet in the system's temporary folder."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < ROOM:
        raise RuntimeError(f"{tempfile.gettempdir()} has {free / 2**30:.0f} GB free; {ROOM / 2**30:.0f} GB are needed.")
    with tempfile.TemporaryDirectory() as scratch:
        work, city = Path(scratch), Path(scratch) / "city"
        command = ["pipelines.main", "simulate", "--persons", str(PERSONS), "--seed", "5", "--months", "0", "--out", city]
        before = _seconds_of_children()
        process = timed(command, work)
        busy = _seconds_of_children() - before
        rows = {name: pq.ParquetFile(city / f"{name}.parquet").metadata.num_rows for name in ("prescription", "fee_line")}
        size = sum(path.stat().st_size for path in city.rglob("*.parquet"))
    what = f"simulate {PERSONS:,} persons, one quarter"
    return [
        Line(what, process.seconds, "s", 300),
        Line(f"{what}: processor time", busy, "s"),
        Line(f"{what}: peak memory", process.peak, "MB", 6000),
        Line(f"{what}: prescriptions", rows["prescription"], "rows"),
        Line(f"{what}: fee lines", rows["fee_line"], "rows"),
        Line(f"{what}: Parquet", size / 1e6, "MB"),
    ]


def _seconds_of_children() -> float:
    """Processor time of finished processes of ours: what a machine that others use does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
