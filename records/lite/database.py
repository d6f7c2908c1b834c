"""An in-memory SQLite with the functions that DuckDB's SQL needs there, and rows in and out of it by their types."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from operator import index
from typing import Any

from records.lite import values
from records.lite.scope import Columns, named
from records.lite.types import Type, Unsaid

#: Statements that SQLite keeps planned; a desk of all rules has a few hundred.
_KEPT = 4096
#: Since then a table of WITH that is read twice is computed once.
_OLDEST = (3, 35, 0)


#: Functions by the name they have in SQLite; those in ``WITH_NULLS`` see nulls.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "x_fit": values.fit,
    "x_times": values.times,
    "x_plus": values.plus,
    "x_times_64": values.times_64,
    "x_plus_64": values.plus_64,
    "x_minus_64": values.minus_64,
    "x_minus": values.minus,
    "x_whole": values.whole_part,
    "x_compare": values.compare,
    "x_divide": values.divide,
    "x_round": values.round_double,
    "x_rescale": values.rescale,
    "x_floor": values.floor_exact,
    "x_ceil": values.ceil_exact,
    "x_double": values.double_of,
    "x_decimal_text": values.decimal_text,
    "x_int_of_double": values.int_of_double,
    "x_decimal_of_double": values.decimal_of_double,
    "x_int_of_text": values.int_of_text,
    "x_double_of_text": values.double_of_text,
    "x_decimal_of_text": values.decimal_of_text,
    "x_date_text": values.date_text,
    "x_year": values.year_of,
    "x_day": values.day_of,
    "x_clock": values.clock,
    "x_lower": values.lower,
    "x_matches": values.matches,
    "x_without": values.without,
    "x_floor_double": values.floor_double,
    "x_ceil_double": values.ceil_double,
    "x_real": lambda v: float(int(v)),
    "x_abs": lambda v: values.said(abs(int(v))),
}
WITH_NULLS: dict[str, Callable[..., Any]] = {
    "x_greatest": values.greatest,
    "x_least": values.least,
    "x_greatest_wide": lambda *v: values.greatest_wide(*v, sign=1),
    "x_least_wide": lambda *v: values.greatest_wide(*v, sign=-1),
}


def connect() -> sqlite3.Connection:
    """A database in memory, without transactions of its own.

    Raises Unsaid where Python comes with a SQLite too old for it, or with one that cannot tell capitals in LIKE.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise Unsaid(f"SQLite {sqlite3.sqlite_version}: {'.'.join(map(str, _OLDEST))} or newer is needed")
    con = sqlite3.connect(":memory:", isolation_level=None, cached_statements=_KEPT)
    for setting in ("temp_store = MEMORY", "case_sensitive_like = ON"):
        con.execute(f"PRAGMA {setting}")
    if con.execute("SELECT 'a' LIKE 'A'").fetchone() != (0,):
        raise Unsaid("this SQLite takes small letters and capitals for the same")
    for name, function in FUNCTIONS.items():
        con.create_function(name, -1, null_safe(function), deterministic=True)
    for name, function in WITH_NULLS.items():
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
    if kind.kind == "int":
        return lambda value: values.fit(value if isinstance(value, str) else index(value), min(kind.width, 64))
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
    "text": _text_in, "double": float, "date": _date_in, "time": _time_in, "bool": int,
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
    if kind.kind == "int" and kind.is_wide:
        return lambda value: None if value is None else int(value)
    if kind.kind in ("text", "int", "double", "null"):
        return lambda value: value
    raise Unsaid(f"a column of the type {kind.kind} on its way out")


def null_safe(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, null of any null."""

    def safe(*values: Any) -> Any:
        return None if None in values else function(*values)

    return safe
