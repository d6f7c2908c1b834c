"""A folder that holds label tables alone (past_verdict, past_finding), read and typed for training."""

from __future__ import annotations

from pathlib import Path

from records.asof import connect
from records.contract import load_contract
from records.errors import DataFault, MissingTable
from records.readers import quoted, read_tables
from records.snapshot import Snapshot, write_snapshot

LABEL_TABLES = ("past_verdict", "past_finding")


def read_label_folder(folder: Path, scratch: Path) -> Snapshot:
    """The label tables of a folder as a snapshot under ``scratch``; whatever else lies there is not opened.

    Raises MissingTable when it holds none of them, DataFault when a needed value is missing or of another type.
    """
    contract, con = load_contract(), connect()
    report = read_tables(con, folder, contract, LABEL_TABLES)
    if not report.tables:
        raise MissingTable(f"{folder} holds neither past_verdict nor past_finding: name a folder with labels.")
    con.execute("CREATE SCHEMA accepted")
    for table in contract:
        source = report.tables.get(table.name)
        present = source.columns_present if source else []
        columns = [
            f"TRY_CAST(nullif(trim({quoted(c.name)}), '') AS {c.duckdb_type}) AS {quoted(c.name)}"
            if c.name in present
            else f"NULL::{c.duckdb_type} AS {quoted(c.name)}"
            for c in table.columns
        ]
        place = f"raw.{table.name}" if source else "(SELECT 1) WHERE false"
        con.execute(f"CREATE TABLE accepted.{table.name} AS SELECT DISTINCT {', '.join(columns)} FROM {place}")
        needed = " OR ".join(f"{quoted(c.name)} IS NULL" for c in table.columns if not c.nullable)
        bad = con.execute(f"SELECT count(*) FROM accepted.{table.name} WHERE {needed}").fetchall()[0][0]
        if bad:
            raise DataFault(f"{bad} rows of {table.name} in {folder} lack a needed value: check the label file.")
    return write_snapshot(con, contract, scratch, report)
