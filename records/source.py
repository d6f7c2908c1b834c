"""What was read from where: supplied tables, their columns and the types they came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from records.contract import Table
from records.errors import DataFault, UnreadableFile

if TYPE_CHECKING:
    import duckdb

#: Text, as every CSV column comes.
TEXT = "VARCHAR"


@dataclass
class TableSource:
    """Where a table came from and what of it the contract knows.

    ``kinds`` gives the DuckDB type in which each supplied column came. ``rows`` counts records, those that did
    not parse among them.
    """

    files: list[str]
    rows: int = 0
    unparsed: int = 0
    columns_present: list[str] = field(default_factory=list)
    columns_extra: list[str] = field(default_factory=list)
    aliases_used: dict[str, str] = field(default_factory=dict)
    encoding: str = "parquet"
    bom: bool = False
    line_ends: str = "LF"
    kinds: dict[str, str] = field(default_factory=dict)


@dataclass
class SourceReport:
    """What was read: the supplied tables, what was never opened, each file's SHA-256, and the folder if it was one."""

    tables: dict[str, TableSource] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal, for the places where DuckDB takes no parameter (views, COPY, ATTACH)."""
    return "'" + text.replace("'", "''") + "'"


def exactly(path: Path) -> str:
    """A path for DuckDB's readers: this one file, whatever signs are in its name (they take ``*?[]`` for patterns)."""
    return escape(str(path))


def parquet(path: Path, *options: str) -> str:
    """SQL: a Parquet file as a table. A folder called ``column=value`` is a folder and no column."""
    return f"read_parquet({', '.join([literal(exactly(path)), 'hive_partitioning=false', *options])})"


def count_rows(con: duckdb.DuckDBPyConnection, place: str) -> int:
    """Rows of a table or view."""
    counted = con.execute(f"SELECT count(*) FROM {place}").fetchall()
    return int(counted[0][0])


def match_columns(table: Table, header: Sequence[str], where: str, source: TableSource) -> dict[str, str]:
    """Map a file's column names to the contract's; fills ``source``.

    Raises UnreadableFile when none is known, DataFault when one comes twice or a needed one is absent.
    """
    mapping: dict[str, str] = {}
    for name in header:
        standard = table.standard_name(name)
        if standard is None or (standard in mapping.values() and name != standard):
            source.columns_extra.append(name)
            continue
        if standard in mapping.values():
            earlier = next(key for key, value in mapping.items() if value == standard)
            if earlier == name:
                raise DataFault(f"{where} names the column {standard} twice: keep one of them.")
            source.columns_extra.append(earlier)
            del mapping[earlier]
        mapping[name] = standard
        if name != standard:
            source.aliases_used[name] = standard
    if not mapping:
        raise UnreadableFile(_no_column_known(table, header, where))
    needed = [c.name for c in table.columns if not c.nullable and c.name not in mapping.values()]
    if needed:
        raise DataFault(f"{where} lacks the needed column {', '.join(needed)}: add it and run again.")
    source.columns_present = [c.name for c in table.columns if c.name in mapping.values()]
    source.aliases_used = {k: v for k, v in source.aliases_used.items() if k in mapping}
    return mapping


def _no_column_known(table: Table, header: Sequence[str], where: str) -> str:
    """The sentence for a file whose first row names nothing of its table."""
    line = ",".join(header)
    for sign, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if any(table.standard_name(part.strip()) for part in line.split(sign)):
            return f"{where} has its columns separated by {name}: export it with commas."
    if not line.strip(" ,") or line.lower().startswith("sep="):
        return f"{where} does not begin with its header row: remove what stands before it."
    return f"{where} holds no column of table {table.name}: it seems to be another file."
