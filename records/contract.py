"""The input contract as data: tables and columns, restated in ``records/tables/*.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_TABLES = Path(__file__).parent / "tables"
_DUCKDB = {
    "string": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "double": "DOUBLE",
}


@dataclass(frozen=True)
class Column:
    """One column of a table: type, unit, meaning, codes and other names it may come under."""

    name: str
    type: str
    nullable: bool
    zh: str
    meaning: str
    primary_key: bool = False
    references: str | None = None
    aliases: tuple[str, ...] = ()
    unit: str = ""
    codes: dict[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    closed: bool = False
    format: str = ""
    minimum: str | None = None
    maximum: str | None = None

    @property
    def kind(self) -> str:
        """The type without its size: string, decimal, date, datetime, int8, int16, int32 or double."""
        return self.type.split("(")[0]

    @property
    def length(self) -> int | None:
        """Most characters of a string column; None for other kinds."""
        size = re.fullmatch(r"string\((\d+)\)", self.type)
        return int(size[1]) if size else None

    @property
    def duckdb_type(self) -> str:
        """The type as DuckDB names it."""
        if self.kind == "decimal":
            return self.type.upper()
        return _DUCKDB[self.kind]


@dataclass(frozen=True)
class Table:
    """One table of the contract: its names, whether it is needed, and its columns in order."""

    name: str
    zh: str
    en: str
    position: int
    needed: bool
    may_be_empty: bool
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary key's columns; empty where the contract names none."""
        return tuple(column.name for column in self.columns if column.primary_key)

    @property
    def order(self) -> tuple[str, ...]:
        """Columns that fix the order of rows: the key first, then all others."""
        rest = tuple(column.name for column in self.columns if not column.primary_key)
        return self.key + rest

    def column(self, name: str) -> Column:
        """A column by its name. Raises KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    def standard_name(self, name: str) -> str | None:
        """The contract's name for a column as a file calls it; None for one beyond the contract."""
        folded = name.strip().lstrip("\ufeff")
        for column in self.columns:
            if folded == column.name:
                return column.name
        for column in self.columns:
            if folded in column.aliases or folded.lower() == column.name:
                return column.name
        return None


@dataclass(frozen=True)
class Contract:
    """All tables of the input, parents before children."""

    tables: dict[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def has(self, name: str) -> bool:
        """Whether a ``table`` or ``table.column`` belongs to the contract."""
        table, _, column = name.partition(".")
        found = self.tables.get(table)
        return found is not None and (not column or any(c.name == column for c in found.columns))


def _column(entry: dict[str, Any]) -> Column:
    codes = {code: (names[0], names[1]) for code, names in entry.pop("codes", {}).items()}
    aliases = tuple(entry.pop("aliases", ()))
    return Column(codes=codes, aliases=aliases, **entry)


def _table(path: Path) -> Table:
    entry = tomllib.loads(path.read_text(encoding="utf-8"))
    columns = tuple(_column(column) for column in entry.pop("column"))
    return Table(name=path.stem, columns=columns, **entry)


@cache
def load_contract() -> Contract:
    """Read the contract. Tables come in the order in which parents precede their children."""
    tables = sorted((_table(path) for path in _TABLES.glob("*.toml")), key=lambda table: table.position)
    return Contract({table.name: table for table in tables})
