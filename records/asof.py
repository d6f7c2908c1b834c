"""What was known before a moment: the one connection that basis, features and panel work on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from records.contract import load_contract
from records.engine import Connection, SparkPlace, as_written, megabytes
from records.periods import Quarter
from records.snapshot import ROWS, Snapshot, create_whole
from records.source import exactly, literal

if TYPE_CHECKING:
    import duckdb

    from records.spark import SparkConnection

_HERE = Path(__file__).parent


def connect(threads: int = 2, memory_limit: str = "4GB", scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with its limits set; what does not fit spills to ``scratch``.

    Raises WrongUse for a limit that is no amount of memory: DuckDB would take -5GB for no limit at all.
    """
    import duckdb

    megabytes(memory_limit)
    con = duckdb.connect()
    con.execute("SET threads = $threads", {"threads": threads})
    con.execute("SET memory_limit = $limit", {"limit": memory_limit})
    con.execute("SET preserve_insertion_order = true")
    con.execute("SET enable_progress_bar = false")
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        con.execute("SET temp_directory = $folder", {"folder": str(scratch)})
    return con


class Period(Protocol):
    """A half-open span of time whose end is the as-of moment: a quarter, or a month."""

    @property
    def begin(self) -> datetime:
        """First moment."""

    @property
    def as_of(self) -> datetime:
        """First moment after it: nothing at or after it is known."""


def open_asof(
    snapshot: Snapshot,
    quarter: Period,
    *,
    threads: int = 2,
    memory_limit: str = "4GB",
    scratch: Path | None = None,
    wide: bool = True,
    only: Mapping[str, str] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a snapshot as it was known before ``quarter.as_of``.

    Main schema: every table of the contract but past_verdict and past_finding, filtered by time; ``period`` (one
    row) and ``frequency`` (doses a day by code); in short keys ``setl`` (settlements), ``net`` (fee lines net of
    refunds), ``reviewed`` (reviewed lines) and ``rx`` (prescriptions that do not net to zero). With ``wide`` also
    ``net_line``, ``rx_line`` and ``frame`` (the quarter's prescriptions): the same rows with all that stands
    beside them, and what rules ask of the time before the quarter (``history_...``); features do without.
    The grain and columns of the derived tables stand in ``records/sql``.
    ``only`` narrows what is seen of the snapshot (``records.months``).
    """
    con = connect(threads, memory_limit, scratch)
    create_whole(con, snapshot, only)
    _create_period(con, quarter)
    _create_known(con, wide)
    return con


def open_asof_on_spark(snapshot: Snapshot, quarter: Quarter, place: SparkPlace, wide: bool = True) -> SparkConnection:
    """The same as ``open_asof``, with the same tables made by the same SQL, on Spark. Errors as ``start`` has them."""
    from records.spark import SparkConnection

    con = SparkConnection(place)
    for table in load_contract():
        con.view_of_file(f"whole.{table.name}", snapshot.file(table.name), ROWS.get(table.name))
    _create_period(con, quarter)
    _create_known(con, wide)
    return con


def hand_over(
    spark: SparkConnection, snapshot: Snapshot, quarter: Quarter, threads: int, memory_limit: str
) -> duckdb.DuckDBPyConnection:
    """What Spark computed, read where it lies: for the steps that touch few rows (draw, reasons, cases).

    The same tables as ``open_asof`` gives, and all others of Spark's main schema (findings, features). It lasts
    as long as the Spark connection.
    """
    con = connect(threads, memory_limit)
    create_whole(con, snapshot)
    _create_period(con, quarter)
    con.execute((_HERE / "sql" / "visible.sql").read_text(encoding="utf-8"))
    for name, folder in sorted(spark.written("main").items()):
        if name != "period":
            view_of_folder(con, name, folder)
    return con


def view_of_folder(con: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    """A view of a folder of Parquet parts."""
    parts = literal(f"{exactly(folder)}/*.parquet")
    con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet({parts}, hive_partitioning=false)")


def _create_period(con: Connection, quarter: Period) -> None:
    con.execute(
        "CREATE TABLE period AS SELECT $name::VARCHAR AS quarter, $first::TIMESTAMP AS begin, "
        '$last::TIMESTAMP AS "end", $last::TIMESTAMP AS as_of',
        {"name": str(quarter), "first": quarter.begin, "last": quarter.as_of},
    )


def _create_known(con: Connection, wide: bool) -> None:
    create_frequency(con)
    with as_written(con):
        for name in ("visible", "keys", "net", "objects", *(["wide", "past", "history"] if wide else [])):
            con.execute((_HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8"))


def create_past(con: Connection) -> None:
    """The views of ``records/sql/past.sql`` on a connection opened without wide tables.

    They read ``net_line``, which becomes a view here, so that only the columns asked for are read.
    """
    made = (_HERE / "sql" / "wide.sql").read_text(encoding="utf-8").split(";")[0]
    assert "CREATE TABLE net_line AS" in made
    con.execute(made.replace("CREATE TABLE net_line AS", "CREATE VIEW net_line AS"))
    con.execute((_HERE / "sql" / "past.sql").read_text(encoding="utf-8"))


def create_frequency(con: Connection) -> None:
    """Create ``frequency``: doses a day by code."""
    import pyarrow as pa

    entries = tomllib.loads((_HERE / "frequency.toml").read_text(encoding="utf-8"))
    rows = [{"code": code, "doses": doses, "days": days} for code, (doses, days) in entries.items()]
    con.register("given_frequency", pa.Table.from_pylist(rows))
    con.execute(
        "CREATE TABLE frequency AS SELECT code AS used_frqu_codg, "
        "round(doses::DECIMAL(18, 6) / days, 6)::DECIMAL(12, 6) AS per_day FROM given_frequency"
    )
    con.unregister("given_frequency")
