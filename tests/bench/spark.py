"""Spark beside DuckDB: a city as it is and copied, all features of all grains; fixed and marginal cost.

The copies are further cities that share drugs and institutions, so that the work grows as a province's does. No
look-back: a quarter by itself, as AREA=features measures it at a prefecture's size.
``python -m tests.bench.spark ENGINE SNAPSHOT OUT`` is one measured process.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from features.catalogue import GRAINS, KEYS
from features.compute import compute
from records.asof import connect, hand_over, open_asof, open_asof_on_spark
from records.contract import load_contract
from records.engine import SparkPlace
from records.output import sha256, write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot
from tests.bench.features import snapshot_of_city
from tests.bench.measure import Line, timed

QUARTER = Quarter.parse("2026Q3")
PERSONS = int(os.environ.get("RXPANEL_BENCH_PERSONS", "5000"))
COPIES = int(os.environ.get("RXPANEL_BENCH_COPIES", "40"))
MEMORY = "6GB"
# What belongs to one city; drugs and institutions are shared by all copies.
_OWN = {
    "psn_no", "setl_id", "orig_setl_id", "rxno", "mdtrt_id", "feedetl_sn", "drug_trac_codg", "dr_codg", "bilg_dr_codg",
}  # fmt: skip
_SHARED = {"institution", "drug", "service_item"}


def spark_beside_duckdb() -> list[Line]:
    """Seconds of both engines at two sizes, each in a process of its own, and what follows from them."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        small = snapshot_of_city(work, PERSONS)
        large = _copied(small, work / "large")
        lines: list[Line] = []
        for engine in ("duckdb", "spark"):
            sizes, seconds = [], []
            for folder in (small, large):
                out = work / f"{engine}-{folder.name}"
                seconds.append(timed(["tests.bench.spark", engine, folder, out], work).seconds)
                sizes.append(_rows(out / "features_prescription.parquet"))
                lines.append(Line(f"{engine}, all features of {sizes[-1]:,} prescriptions", seconds[-1], "s"))
            slope = (seconds[1] - seconds[0]) / (sizes[1] - sizes[0])
            lines.append(Line(f"{engine}, fixed cost", seconds[0] - slope * sizes[0], "s"))
            lines.append(Line(f"{engine}, a million prescriptions more", slope * 1_000_000, "s"))
        pairs = [
            [work / f"{engine}-{folder.name}" / f"features_{grain}.parquet" for engine in ("duckdb", "spark")]
            for folder in (small, large)
            for grain in GRAINS
        ]
        unlike = sum(sha256(one) != sha256(other) for one, other in pairs)
        lines.append(Line("feature files whose bytes differ between the engines", unlike, "files", 0))
    return lines


def _copied(small: Path, target: Path) -> Path:
    target.mkdir()
    con = connect(2, MEMORY)
    for table in load_contract():
        source = f"read_parquet('{small / f'{table.name}.parquet'}')"
        own = [column.name for column in table.columns if column.name in _OWN]
        copied = own and table.name not in _SHARED
        said = ", ".join(f"{name} || '-' || copy AS {name}" for name in own)
        query = f"SELECT * REPLACE ({said}) FROM {source} CROSS JOIN range({COPIES}) AS c(copy)" if copied else f"FROM {source}"
        chosen = f"SELECT * EXCLUDE (copy) FROM ({query})" if copied else query
        # Sorted as a snapshot is: short keys are places in the file.
        order = [f"{name} NULLS FIRST" for name in table.order]
        write_parquet(con, chosen, target / f"{table.name}.parquet", order)
    (target / "snapshot.json").write_bytes((small / "snapshot.json").read_bytes())
    return target


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def once(engine: str, folder: Path, out: Path) -> None:
    """All features of all grains, written."""
    snapshot = Snapshot.load(folder)
    if engine == "spark":
        place = SparkPlace("local[2]", 2, MEMORY, out / "scratch")
        spark = open_asof_on_spark(snapshot, QUARTER, place, wide=False)
        for grain in GRAINS:
            compute(spark, snapshot, grain)
        con = hand_over(spark, snapshot, QUARTER, 2, "2GB")
        for grain in GRAINS:
            write_parquet(con, f"SELECT * FROM features_{grain}", out / f"features_{grain}.parquet", [KEYS[grain]])
        spark.close()
        return
    con = open_asof(snapshot, QUARTER, threads=2, memory_limit=MEMORY, scratch=out / "scratch", wide=False)
    for grain in GRAINS:
        compute(con, snapshot, grain, out)


if __name__ == "__main__":
    once(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
