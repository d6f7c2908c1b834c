"""What was known before a moment: the one connection that basis, features and panel work on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from records.periods import Quarter
from records.snapshot import Snapshot, create_whole

if TYPE_CHECKING:
    import duckdb

_HERE = Path(__file__).parent


def connect(threads: int = 2, memory_limit: str = "4GB", scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with its limits set; what does not fit spills to ``scratch``."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET threads = $threads", {"threads": threads})
    con.execute("SET memory_limit = $limit", {"limit": memory_limit})
    con.execute("SET preserve_insertion_order = true")
    con.execute("SET enable_progress_bar = false")
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        con.execute("SET temp_directory = $folder", {"folder": str(scratch)})
    return con


def open_asof(
    snapshot: Snapshot,
    quarter: Quarter,
    *,
    threads: int = 2,
    memory_limit: str = "4GB",
    scratch: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a snapshot as it was known before ``quarter.as_of``.

    Main schema: every table of the contract but past_verdict and past_finding, filtered by time; and
    ``period`` (one row), ``net_line`` (fee lines net of refunds), ``rx_line`` (reviewed lines), ``frame``
    (the quarter's prescriptions that do not net to zero) and ``frequency`` (doses a day by code).
    The grain and columns of the derived tables stand in ``records/sql``.
    """
    con = connect(threads, memory_limit, scratch)
    create_whole(con, snapshot)
    con.execute(
        "CREATE TABLE period AS SELECT $name::VARCHAR AS quarter, $first::TIMESTAMP AS begin, "
        '$last::TIMESTAMP AS "end", $last::TIMESTAMP AS as_of',
        {"name": str(quarter), "first": quarter.begin, "last": quarter.as_of},
    )
    _create_frequency(con)
    for name in ("visible", "net", "objects"):
        con.execute((_HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8"))
    return con


def _create_frequency(con: duckdb.DuckDBPyConnection) -> None:
    entries = tomllib.loads((_HERE / "frequency.toml").read_text(encoding="utf-8"))
    con.execute("CREATE TABLE frequency (used_frqu_codg VARCHAR, per_day DECIMAL(12, 6))")
    for code, (doses, days) in entries.items():
        con.execute(
            "INSERT INTO frequency SELECT $code, round($doses::DECIMAL(18, 6) / $days, 6)",
            {"code": code, "doses": doses, "days": days},
        )
