"""What one quarter of a snapshot gives: findings, and the features of every grain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.asof import hand_over, open_asof, open_asof_on_spark, view_of_folder
from records.engine import Connection, SparkPlace
from records.kept import Kept, persons_at_once
from records.output import beside, write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from basis.find import FindReport
    from basis.rulebook import Rulebook
    from models.loaded import LoadedModel
    from pipelines.gate import Source
    from records.spark import SparkConnection
    from records.workplace import Workplace

#: Rows that are scored at once.
_BATCH = 200_000
#: Key column of each grain.
GRAINS = {
    "prescription": "rxno",
    "person": "psn_no",
    "practitioner": "dr_codg",
    "institution": "fixmedins_code",
}
FINDING_ORDER = (
    "rule_id",
    "subject_type",
    "subject_code",
    "rxno",
    "setl_id",
    "feedetl_sn",
    "psn_no",
    "fixmedins_code",
    "dr_codg",
    "fee_ocur_time",
    "vola_evid",
)


@dataclass(frozen=True)
class Machine:
    """How much of the machine a computation may use, where it may put what it needs meanwhile, and Spark if it is to be.

    ``months`` is where parts of earlier months are kept (``records.kept``), None where nobody keeps them.
    """

    threads: int
    memory_limit: str
    scratch: Path
    spark: SparkPlace | None = None
    months: Path | None = None


def machine_of(source: Source, workplace: Workplace) -> Machine:
    """What a command was told of the machine, with the work folder's own scratch folder and its months, if any are kept."""
    kept = workplace.months if workplace.months.exists() else None
    return Machine(source.threads, source.memory_limit, workplace.scratch, source.spark, kept)


@dataclass(frozen=True)
class Basis:
    """The rules of a run and the knowledge points that came with it."""

    rulebook: Rulebook
    points: Path | None


@dataclass
class QuarterTables:
    """An open as-of connection with findings and features computed for its quarter.

    Features stand in files of the folder ``written``. Where Spark computed them, ``con`` reads them from its files
    and ``spark`` still takes work by partitions.
    """

    quarter: Quarter
    con: duckdb.DuckDBPyConnection
    found: FindReport
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    knowledge: dict[str, Any] = field(default_factory=dict)
    spark: SparkConnection | None = None
    written: Path | None = None
    kept: Kept | None = None
    _dispensed: pd.DataFrame | None = None

    @contextmanager
    def at_once(self, snapshot: Snapshot, rxnos: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that sees the whole look-back of the persons of some prescriptions of the quarter.

        Where months are kept, ``con`` itself sees little of what was before the quarter.
        """
        if self.kept is None:
            yield self.con
            return
        import pyarrow as pa

        self.con.register("wanted_rx", pa.table({"rxno": pa.array(list(rxnos), pa.string())}))
        persons = self.con.execute("SELECT DISTINCT psn_no FROM frame SEMI JOIN wanted_rx USING (rxno)").fetchall()
        self.con.unregister("wanted_rx")
        with persons_at_once(snapshot, self.quarter, [row[0] for row in persons], self.kept) as con:
            yield con

    def close(self) -> None:
        """Let go of the connection, of the features written for it, and of what Spark wrote for it."""
        self.con.close()
        if self.written is not None:
            shutil.rmtree(self.written, ignore_errors=True)
        if self.spark is not None:
            self.spark.close()

    def frame(self, table: str) -> pd.DataFrame:
        """A table of the connection as a pandas frame, in the order of its first column."""
        frame: pd.DataFrame = self.con.sql(f"SELECT * FROM {table} ORDER BY ALL").df()
        return frame

    def rows(self, grain: str) -> int:
        """Rows of a grain in this quarter."""
        return int(self.con.execute(f"SELECT count(*) FROM features_{grain}").fetchall()[0][0])

    def features(self, grain: str) -> pd.DataFrame:
        """Features of a grain, one row a key, in the order of the key."""
        frame: pd.DataFrame = self.con.sql(f"SELECT * FROM features_{grain} ORDER BY {GRAINS[grain]}").df()
        return frame

    def batches(self, grain: str) -> Iterator[Any]:
        """Features of a grain as Arrow batches, in the order of the key; a city's are never in memory at once."""
        import pyarrow.parquet as pq

        if self.written is not None:
            yield from pq.ParquetFile(self.written / f"features_{grain}.parquet").iter_batches(_BATCH)
        else:
            found = self.con.sql(f"SELECT * FROM features_{grain} ORDER BY {GRAINS[grain]}")
            yield from found.to_arrow_table().to_batches(_BATCH)

    def numbers(self, grain: str, name: str) -> Any:
        """One feature of every subject as floats, in the order of the key; NaN = missing."""
        query = f"SELECT CAST({name} AS DOUBLE) AS value FROM features_{grain} ORDER BY {GRAINS[grain]}"
        return self.con.sql(query).df()["value"].to_numpy(dtype=float, na_value=float("nan"))

    def dispensed_elsewhere(self) -> pd.DataFrame:
        """Prescriptions that another institution than the writing one charged. Grain: one row a pair (rxno, subject)."""
        if self._dispensed is None:
            self._dispensed = self.con.sql(
                "SELECT DISTINCT f.rxno, s.fixmedins_code AS subject FROM frame f JOIN fee_line l USING (rxno) "
                "JOIN settlement s ON s.setl_id = l.setl_id WHERE s.fixmedins_code <> f.fixmedins_code ORDER BY ALL"
            ).df()
        return self._dispensed

    def features_of(self, grain: str, keys: set[str]) -> pd.DataFrame:
        """Features of some subjects of a grain, in the order of the key."""
        import pyarrow as pa

        key = GRAINS[grain]
        self.con.register("wanted_keys", pa.table({key: pa.array(sorted(keys), pa.string())}))
        frame: pd.DataFrame = self.con.sql(
            f"SELECT f.* FROM features_{grain} f SEMI JOIN wanted_keys USING ({key}) ORDER BY f.{key}"
        ).df()
        self.con.unregister("wanted_keys")
        return frame

    def raw_on_spark(self, model: LoadedModel) -> pd.DataFrame:
        """Keys and raw scores of a model's grain, scored in Spark's workers, in the order of the key."""
        from models.partitions import raw_scorer
        from records.engine import fill

        assert self.spark is not None
        grain, key = model.spec.grain, model.spec.key
        table = f"raw_{model.spec.slug}"
        self.spark.execute(f"CREATE OR REPLACE TABLE {table} ({key} VARCHAR, raw_score DOUBLE)")
        fill(self.spark, table, [(f"SELECT * FROM features_{grain}", {})], raw_scorer(model))
        view_of_folder(self.con, table, self.spark.written("main")[table])
        frame: pd.DataFrame = self.con.sql(f"SELECT * FROM {table} ORDER BY {key}").df()
        return frame


def compute_quarter(snapshot: Snapshot, quarter: Quarter, basis: Basis, machine: Machine) -> QuarterTables:
    """Open the snapshot as of a quarter and compute its findings and features; on Spark where a place is given."""
    from basis.find import find
    from basis.knowledge import load_points
    from features.carried import take

    place = machine.spark
    spill, written = machine.scratch / "spill", machine.scratch / f"features-{quarter}-{os.getpid()}"
    limits: dict[str, Any] = {"threads": machine.threads, "memory_limit": machine.memory_limit, "scratch": spill}
    kept = Kept(machine.months, **limits) if machine.months is not None and place is None else None
    own = _open(snapshot, quarter, limits, kept) if place is None else None
    spark = open_asof_on_spark(snapshot, quarter, place) if place is not None else None
    con: Connection = own or spark  # type: ignore[assignment]
    knowledge = load_points(con, basis.points) if basis.points else None
    found = find(con, snapshot, basis.rulebook, knowledge)
    switched_off = [{"room": "basis", **entry} for entry in found.switched_off]
    if own is not None and kept is not None:
        take(own, snapshot, quarter, kept)
    switched_off += _compute(con, snapshot, written)
    if own is None:
        own = hand_over(spark, snapshot, quarter, machine.threads, machine.memory_limit)  # type: ignore[arg-type]
    return QuarterTables(quarter, own, found, switched_off, found.knowledge, spark, written if spark is None else None, kept)


def _open(snapshot: Snapshot, quarter: Quarter, limits: dict[str, Any], kept: Kept | None) -> duckdb.DuckDBPyConnection:
    """The quarter's connection; with the look-back by its months where they are kept, those not kept yet made first."""
    from basis.carried import open_with_months
    from features.carried import keep_months

    if kept is None:
        return open_asof(snapshot, quarter, **limits)
    keep_months(snapshot, quarter.begin, kept)
    return open_with_months(snapshot, quarter, kept)


def _compute(con: Connection, snapshot: Snapshot, written: Path) -> list[dict[str, Any]]:
    """All features of a connection, and those that were switched off."""
    from features.compute import compute
    from features.staging import release

    off = [(grain, entry) for grain in GRAINS for entry in compute(con, snapshot, grain, written).switched_off]
    release(con)
    return [
        {"room": "features", "what": f"{grain}.{entry.feature}", "why_zh": entry.why_zh, "why_en": entry.why_en}
        for grain, entry in off
    ]


def write_findings(tables: QuarterTables, folder: Path) -> int:
    """Write findings.parquet; returns its number of rows."""
    order = [f"{name} NULLS FIRST" for name in FINDING_ORDER]
    return write_parquet(tables.con, "SELECT * FROM findings", folder / "findings.parquet", order)


def write_features(tables: QuarterTables, folder: Path) -> dict[str, int]:
    """Write features_<grain>.parquet for every grain; returns rows by grain."""
    rows = {}
    for grain, key in GRAINS.items():
        name = f"features_{grain}.parquet"
        if tables.written is None:
            rows[grain] = write_parquet(tables.con, f"SELECT * FROM features_{grain}", folder / name, [key])
            continue
        with beside(folder / name) as draft:
            shutil.copyfile(tables.written / name, draft)
        rows[grain] = tables.rows(grain)
    return rows
