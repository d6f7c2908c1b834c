"""A look over a table that tells which of its texts need mending and which checks any of its rows fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.reading import Reading
from expectations.spelling import is_free_text, is_identifier, is_plain, listed, may_be_respelled
from records.contract import Column
from records.native import text_of
from records.source import quoted

if TYPE_CHECKING:
    import duckdb

Check = tuple[str, str]
#: No row of a living system is older; an earlier year is a typing mistake.
FIRST_YEAR = 1900
#: A column has few values when, in so many rows, each comes so often on average.
_FIRST_ROWS, _REPEATED = 100_000, 50


@dataclass(frozen=True)
class Surveyed:
    """A reading that knows its clean columns, and the checks that some row fails."""

    reading: Reading
    checks: tuple[Check, ...]


def survey(con: duckdb.DuckDBPyConnection, reading: Reading, own: Sequence[Check]) -> Surveyed:
    """Look over a table. ``own`` are the checks of a row as a whole that need no other table.

    Identifiers are told clean by a test much cheaper than mending them; of a column of few values each value is
    looked at once; only the rest is mended row by row to see what comes of it.
    """
    texts = [column for column in reading.table.columns if reading.is_text(column)]
    reading = reading.knowing(_plain_identifiers(con, reading, texts))
    failed: list[Check] = []
    few = [column for column in _few_valued(con, reading, texts) if column.name not in reading.clean]
    for column in few:
        place = f"(SELECT 0 AS _row, * FROM (SELECT DISTINCT {quoted(column.name)} FROM native.{reading.table.name}))"
        clean, fails = _looked_over(con, reading, [column], value_checks(reading, column), place)
        reading, failed = reading.knowing(clean), failed + fails
    rest = [column for column in reading.table.columns if column not in few]
    checks = [check for column in rest for check in value_checks(reading, column)] + list(own)
    clean, fails = _looked_over(con, reading, rest, checks)
    return Surveyed(reading.knowing(clean), tuple(failed + fails))


def _looked_over(
    con: duckdb.DuckDBPyConnection, reading: Reading, columns: Sequence[Column], checks: list[Check], place: str = ""
) -> tuple[frozenset[str], list[Check]]:
    """Which text columns are clean (those known before among them), and which checks some row fails."""
    texts = [column for column in columns if reading.is_text(column) and column.name not in reading.clean]
    asked = [f"bool_or({_unlike(column)} OR {may_be_respelled(column, _mended(column))})" for column in texts]
    asked += [f"bool_or({when})" for _, when in checks]
    # A value that no check looks at is decoded all the same: a damaged page must be found here and not later.
    others = [c for c in columns if c.name in reading.kinds and c not in texts]
    asked += [f"bit_xor(hash(t.{quoted('m_' + column.name)}))" for column in others]
    read = reading.sql(columns if place else None, texts=True, place=place)
    found = con.execute(f"SELECT {', '.join(asked) or '1'} FROM ({read}) t").fetchall()[0]
    clean = {column.name for column, changed in zip(texts, found, strict=False) if not changed}
    failed = found[len(texts) : len(texts) + len(checks)]
    return reading.clean | clean, [check for check, fails in zip(checks, failed, strict=True) if fails]


def _plain_identifiers(con: duckdb.DuckDBPyConnection, reading: Reading, texts: Sequence[Column]) -> frozenset[str]:
    """Identifiers whose every text is printable ASCII without blanks, and no word for nothing: none is mended."""
    named = [column for column in texts if is_identifier(column)]
    if not named:
        return frozenset()
    asked = ", ".join(f"bool_and({is_plain(text_of(quoted(c.name), reading.kinds[c.name]))})" for c in named)
    found = con.execute(f"SELECT {asked} FROM native.{reading.table.name}").fetchall()[0]
    return frozenset(column.name for column, plain in zip(named, found, strict=True) if plain is not False)


def _few_valued(con: duckdb.DuckDBPyConnection, reading: Reading, texts: Sequence[Column]) -> list[Column]:
    """Columns in which few different texts come again and again, as far as the first rows tell."""
    named = [column for column in texts if not is_identifier(column)]
    if not named:
        return []
    asked = ", ".join(f"approx_count_distinct({quoted(column.name)})" for column in named)
    first = f"SELECT * FROM native.{reading.table.name} LIMIT {_FIRST_ROWS}"
    found = con.execute(f"SELECT count(*), {asked} FROM ({first})").fetchall()[0]
    return [column for column, values in zip(named, found[1:], strict=True) if values * _REPEATED <= found[0]]


def _mended(column: Column) -> str:
    return f"t.{quoted('m_' + column.name)}"


def _unlike(column: Column) -> str:
    """SQL: whether a text is read as another text."""
    came = f"t.{quoted('r_' + column.name)}"
    return f"{came} <> '' AND {came} IS DISTINCT FROM {_mended(column)}"


def _changed(column: Column) -> str:
    """SQL: whether a text is mended. A day that came as a moment at midnight is only of another type."""
    came, mended = f"t.{quoted('r_' + column.name)}", _mended(column)
    midnight = f" AND {came} IS DISTINCT FROM {mended} || ' 00:00:00'" if column.kind == "date" else ""
    return f"({_unlike(column)}{midnight} OR {may_be_respelled(column, mended)})"


def changed(reading: Reading) -> str:
    """SQL: whether anything of a row was mended."""
    dirty = [c for c in reading.table.columns if reading.is_text(c) and c.name not in reading.clean]
    return " OR ".join(f"({_changed(column)})" for column in dirty) or "false"


def value_checks(reading: Reading, column: Column) -> list[Check]:
    """Faults that a value of this column may have: the mark and the SQL condition that makes it."""
    name, text, at = f"t.{quoted(column.name)}", f"t.{quoted('m_' + column.name)}", f":{column.name}"
    if column.name not in reading.kinds:
        return []
    checks = []
    if reading.is_text(column):
        checks.append((f"bad_encoding{at}", f"contains({text}, chr(65533))"))
    if not column.nullable:
        checks.append((f"missing_required{at}", f"{text} IS NULL"))
    if column.kind != "string":
        checks.append((f"bad_type{at}", f"{text} IS NOT NULL AND {name} IS NULL"))
    elif column.length and not is_free_text(column):
        checks.append((f"bad_length{at}", f"length({name}) > {column.length}"))
    if column.closed:
        checks.append((f"bad_code{at}", f"{name} IS NOT NULL AND {name}::VARCHAR NOT IN ({listed(tuple(column.codes))})"))
    if column.minimum is not None:
        checks.append((f"bad_range{at}", f"{name} < {column.minimum}"))
    if column.maximum is not None:
        checks.append((f"bad_range{at}", f"{name} > {column.maximum}"))
    if column.kind in ("date", "datetime"):
        checks.append((f"bad_range{at}", f"year({name}) < {FIRST_YEAR}"))
    return checks
