"""The snapshot: accepted rows as one typed Parquet file a table, in a folder named by its content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from records.contract import Contract, Table, load_contract
from records.errors import NotFound
from records.output import sha256, write_json, write_parquet
from records.source import SourceReport, parquet, quoted

if TYPE_CHECKING:
    import duckdb


#: Tables that many rows point at: their key, and the name of the row's place in the file, which is sorted by key.
ROWS = {
    "institution": ("fixmedins_code", "inst_row"),
    "person": ("psn_no", "psn_row"),
    "settlement": ("setl_id", "setl_row"),
    "prescription": ("rxno", "rx_row"),
    "fee_line": ("feedetl_sn", "fee_row"),
}


@dataclass(frozen=True)
class TableInfo:
    """Rows of a table and the columns that hold anything. ``supplied`` is False for an absent table."""

    rows: int
    supplied: bool
    columns_present: frozenset[str]


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot, opened read-only. The same accepted rows always have the same digest."""

    path: Path
    digest: str
    tables: dict[str, TableInfo]

    @classmethod
    def load(cls, path: Path) -> Snapshot:
        """Open a snapshot folder. Raises NotFound when there is none."""
        described = path / "snapshot.json"
        if not described.exists():
            raise NotFound(f"There is no snapshot in {path}: run the quarter again.")
        entry = json.loads(described.read_text(encoding="utf-8"))
        tables = {
            name: TableInfo(info["rows"], info["supplied"], frozenset(info["columns_present"]))
            for name, info in entry["tables"].items()
        }
        return cls(path, entry["digest"], tables)

    def has(self, what: str) -> bool:
        """Whether a ``table`` was supplied, or a ``table.column`` supplied and not null throughout."""
        table, _, column = what.partition(".")
        info = self.tables[table]
        return info.supplied and (not column or column in info.columns_present)

    def file(self, table: str) -> Path:
        """The Parquet file of a table."""
        return self.path / f"{table}.parquet"


def write_snapshot(con: duckdb.DuckDBPyConnection, contract: Contract, root: Path, report: SourceReport) -> Snapshot:
    """Write schema ``accepted`` as a snapshot under ``root``, beside, and rename it to its digest."""
    draft = root / f".building-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    described: dict[str, dict[str, object]] = {}
    digest = hashlib.sha256()
    for table in contract:
        path = draft / f"{table.name}.parquet"
        order = [f"{quoted(name)} NULLS FIRST" for name in table.order]
        columns = ", ".join(quoted(column.name) for column in table.columns)
        rows = write_parquet(con, f"SELECT {columns} FROM accepted.{table.name}", path, order)
        source = report.tables.get(table.name)
        supplied = source.columns_present if source else []
        described[table.name] = {
            "rows": rows,
            "supplied": source is not None,
            "columns_present": _present(con, table, supplied),
        }
        digest.update(f"{table.name} {sha256(path)}\n".encode())
    name = digest.hexdigest()
    write_json(draft / "snapshot.json", {"digest": name, "tables": described})
    final = root / name[:12]
    if final.exists():
        if (final / "months").exists():
            # The same rows have the same months (records.months).
            (final / "months").rename(draft / "months")
        shutil.rmtree(final)
    draft.rename(final)
    return Snapshot.load(final)


def _present(con: duckdb.DuckDBPyConnection, table: Table, supplied: list[str]) -> list[str]:
    """Supplied columns that hold a value in some accepted row; all of them when there is no row."""
    if not supplied:
        return []
    counts = ", ".join(f"count({quoted(name)})" for name in supplied)
    found = con.execute(f"SELECT count(*), {counts} FROM accepted.{table.name}").fetchall()[0]
    if not found[0]:
        return sorted(supplied)
    return sorted(name for name, count in zip(supplied, found[1:], strict=True) if count)


def whole_rows(snapshot: Snapshot, table: str) -> str:
    """A query for all rows of a table, with the row's place (INTEGER, from 0 on) where ``ROWS`` names one."""
    columns = ", ".join(quoted(column.name) for column in load_contract()[table].columns)
    place = f", CAST(file_row_number AS INTEGER) AS {ROWS[table][1]}" if table in ROWS else ""
    return f"SELECT {columns if place else '*'}{place} FROM {parquet(snapshot.file(table))}"


def create_whole(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, only: Mapping[str, str] | None = None) -> None:
    """Views over a snapshot's files in schema ``whole``, typed as the contract says.

    Tables of ``ROWS`` have one column more: the row's place, a short key that sorts as the key. ``only`` gives
    other queries for some tables, which see fewer rows (``records.months``).
    """
    con.execute("CREATE SCHEMA whole")
    for table in load_contract():
        rows = (only or {}).get(table.name) or whole_rows(snapshot, table.name)
        con.execute(f"CREATE VIEW whole.{table.name} AS {rows}")
