"""A made-up city as an as-of connection, with no gate between."""

from __future__ import annotations

from pathlib import Path

import duckdb

from records.asof import connect, open_asof
from records.contract import load_contract
from records.periods import Quarter
from records.readers import SourceReport, TableSource
from records.snapshot import Snapshot, write_snapshot


def open_city(city: Path, folder: Path, quarter: Quarter) -> tuple[duckdb.DuckDBPyConnection, Snapshot]:
    """The Parquet files of a simulated folder, opened for a quarter."""
    con, report = connect(), SourceReport()
    con.execute("CREATE SCHEMA accepted")
    for table in load_contract():
        path = city / f"{table.name}.parquet"
        types = ", ".join(f"{column.name} {column.duckdb_type}" for column in table.columns)
        con.execute(f"CREATE TABLE accepted.{table.name} ({types})")
        if path.exists():
            con.execute(f"INSERT INTO accepted.{table.name} BY NAME SELECT * FROM read_parquet($path)", {"path": str(path)})
            report.tables[table.name] = TableSource([], columns_present=[column.name for column in table.columns])
    snapshot = write_snapshot(con, load_contract(), folder, report)
    con.close()
    return open_asof(snapshot, quarter), snapshot
