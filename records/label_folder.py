"""A folder that holds label tables alone (past_verdict, past_finding), read and typed for training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from records.asof import connect
from records.contract import load_contract
from records.errors import DataFault, MissingTable
from records.readers import quoted, read_tables
from records.snapshot import Snapshot, write_snapshot

if TYPE_CHECKING:
    import duckdb

    from records.contract import Table

LABEL_TABLES = ("past_verdict", "past_finding")


#: Of several rows with one key the last by this column counts.
_LAST = {"past_verdict": "reviewed_time", "past_finding": "enddate"}


def read_label_folder(folder: Path, scratch: Path) -> tuple[Snapshot, list[str]]:
    """The label tables of a folder as a snapshot under ``scratch``, and a sentence for each thing that was not as it should be.

    Whatever else lies there is not opened. Of several rows with one key the last counts, a chance of being reviewed that
    is none is unknown; both are told. Raises MissingTable when it holds none of the tables, DataFault when a needed value
    is missing or of another type.
    """
    if not folder.is_dir():
        raise MissingTable(f"There is no folder of labels {folder}: name one with --labels, or the word store.")
    contract, con = load_contract(), connect()
    report = read_tables(con, folder, contract, LABEL_TABLES)
    if not report.tables:
        raise MissingTable(f"{folder} holds neither past_verdict nor past_finding: name a folder with labels.")
    con.execute("CREATE SCHEMA accepted")
    notes: list[str] = []
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
        if source:
            _refuse_what_is_needed(con, table, folder, present)
            notes += _mended(con, table, folder)
    return write_snapshot(con, contract, scratch, report), notes


def _refuse_what_is_needed(con: duckdb.DuckDBPyConnection, table: Table, folder: Path, present: Sequence[str]) -> None:
    for column in (column for column in table.columns if not column.nullable):
        name = quoted(column.name)
        if column.name not in present:
            raise DataFault(f"{table.name} in {folder} has no column {column.name}: add it.")
        said = f"nullif(trim({name}), '')"
        wrong = f"TRY_CAST({said} AS {column.duckdb_type}) IS NULL"
        rows, example = con.execute(f"SELECT count(*), min({said}) FROM raw.{table.name} WHERE {wrong}").fetchall()[0]
        if rows:
            what = "is missing" if example is None else f"is missing or cannot be read ('{_shape(example)}')"
            raise DataFault(f"{column.name} {what} in {rows} rows of {table.name} in {folder}: check the label file.")


def _shape(value: str) -> str:
    """How a value looks without what it says: a code of a person may stand in the wrong column."""
    return re.sub(r"[\u3400-\u9fff]", "某", re.sub(r"[0-9]", "9", value))[:30]


def _mended(con: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> list[str]:
    """Keep the last of several rows with one key, forget impossible chances; a sentence for each."""
    name, key, notes = f"accepted.{table.name}", table.columns[0].name, []
    # What else they say decides between two of the same moment, so that the order of the file never does.
    order = ", ".join([f"{_LAST[table.name]} DESC", *(quoted(column.name) for column in table.columns)])
    before = con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    con.execute(
        f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name} "
        f"QUALIFY row_number() OVER (PARTITION BY {quoted(key)} ORDER BY {order}) = 1"
    )
    twice = before - con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    if twice:
        notes.append(f"{table.name} in {folder}: {twice} rows have the {key} of another; the last one counts.")
    if table.name == "past_verdict":
        none = "NOT (incl_prob > 0 AND incl_prob <= 1)"
        rows = con.execute(f"SELECT count(*) FROM {name} WHERE {none}").fetchall()[0][0]
        con.execute(f"UPDATE {name} SET incl_prob = NULL WHERE {none}")
        if rows:
            notes.append(f"past_verdict in {folder}: incl_prob of {rows} rows is no probability; taken as unknown.")
    return notes
