"""An in-memory SQLite with the functions that DuckDB's SQL needs there, and rows in and out of it by their types."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from records.lite import values
from records.lite.scope import Columns, named
from records.lite.types import Type, Unsaid

#: Statements that SQLite keeps planned; a desk of all rules has a few hundred.
_KEPT = 4096


def connect() -> sqlite3.Connection:
    """A database in memory. It keeps no journal: a statement that fails leaves tables that the next check fills anew."""
    con = sqlite3.connect(":memory:", isolation_level=None, cached_statements=_KEPT)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", "case_sensitive_like = ON"):
        con.execute(f"PRAGMA {setting}")
    for name, function in values.FUNCTIONS.items():
        con.create_function(name, -1, values.null_safe(function), deterministic=True)
    for name, function in values.WITH_NULLS.items():
        con.create_function(name, -1, function, deterministic=True)
    con.create_aggregate("x_joined", 3, values.Joined)  # type: ignore[arg-type]
    return con


def create(con: sqlite3.Connection, name: str, columns: Columns) -> None:
    """An empty table. Its columns have no type for SQLite, so that no value is changed on its way in."""
    con.execute(f"CREATE TABLE {named(name)} ({', '.join(map(named, columns))})")


class Inlet:
    """Puts rows of Python values into a table; a column that a row has not is null."""

    def __init__(self, name: str, columns: Columns) -> None:
        self._sql = f"INSERT INTO {named(name)} VALUES ({', '.join('?' * len(columns))})"
        self._ways = [(column, way_in(kind)) for column, kind in columns.items()]

    def put(self, con: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows. Raises ValueError, OverflowError or TypeError for a value that is not of its column's type."""
        con.executemany(self._sql, [self._values(row) for row in rows])

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        return [None if (value := row.get(column)) is None else way(value) for column, way in self._ways]


def way_in(kind: Type) -> Callable[[Any], Any]:
    """How a value of Python stands in SQLite."""
    if kind.kind == "decimal":
        return lambda value: _decimal_in(value, kind)
    return _IN[kind.kind]


def ways_out(columns: Columns) -> Sequence[Callable[[Any], Any]]:
    """How values of a query come back."""
    return [_out(kind) for kind in columns.values()]


def _decimal_in(value: Any, kind: Type) -> int:
    number = value if type(value) is Decimal else Decimal(str(value))
    moved = int(number.scaleb(kind.scale).to_integral_value(ROUND_HALF_UP))
    if abs(moved) >= 10**kind.width:
        raise OverflowError(f"{value} does not fit into {kind.width} digits")
    return moved


def _text_in(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _date_in(value: Any) -> int:
    if isinstance(value, str):
        value = datetime.fromisoformat(value).date()
    return values.days_of(value.date() if isinstance(value, datetime) else value)


def _time_in(value: Any) -> int:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return values.micros_of(value if isinstance(value, datetime) else datetime(value.year, value.month, value.day))


_IN: dict[str, Callable[[Any], Any]] = {
    "text": _text_in, "int": int, "double": float, "date": _date_in, "time": _time_in, "bool": int,
}  # fmt: skip


def _out(kind: Type) -> Callable[[Any], Any]:
    if kind.kind == "decimal":
        return lambda value: None if value is None else Decimal(int(value)).scaleb(-kind.scale)
    if kind.kind == "time":
        return lambda value: None if value is None else values.moment_of(value)
    if kind.kind == "date":
        return lambda value: None if value is None else date.fromordinal(value + date(1970, 1, 1).toordinal())
    if kind.kind == "bool":
        return lambda value: None if value is None else bool(value)
    if kind.kind in ("text", "int", "double", "null"):
        return lambda value: value
    raise Unsaid(f"a column of the type {kind.kind} on its way out")
