"""One look over a table that tells which of its texts need mending and which checks any of its rows fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.reading import Reading
from expectations.spelling import is_free_text, listed, may_be_rounded
from records.contract import Column
from records.source import quoted

if TYPE_CHECKING:
    import duckdb

Check = tuple[str, str]
#: No row of a living system is older; an earlier year is a typing mistake.
FIRST_YEAR = 1900


@dataclass(frozen=True)
class Surveyed:
    """A reading that knows its clean columns, and the checks that some row fails."""

    reading: Reading
    checks: tuple[Check, ...]


def survey(con: duckdb.DuckDBPyConnection, reading: Reading, own: Sequence[Check]) -> Surveyed:
    """Look over a table once. ``own`` are the checks of a row as a whole that need no other table."""
    checks = [check for column in reading.table.columns for check in value_checks(reading, column)] + list(own)
    texts = [column for column in reading.table.columns if reading.is_text(column)]
    asked = [f"bool_or({_unlike(column)} OR {may_be_rounded(column, _mended(column))})" for column in texts]
    asked += [f"bool_or({when})" for _, when in checks]
    # A value that no check looks at is decoded all the same: a damaged page must be found here and not later.
    others = [c for c in reading.table.columns if c.name in reading.kinds and not reading.is_text(c)]
    asked += [f"bit_xor(hash(t.{quoted('m_' + column.name)}))" for column in others]
    found = con.execute(f"SELECT {', '.join(asked) or '1'} FROM ({reading.sql(texts=True)}) t").fetchall()[0]
    clean = frozenset(column.name for column, changed in zip(texts, found, strict=False) if not changed)
    failed = found[len(texts) : len(texts) + len(checks)]
    return Surveyed(reading.knowing(clean), tuple(c for c, fails in zip(checks, failed, strict=True) if fails))


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
    return f"({_unlike(column)}{midnight} OR {may_be_rounded(column, mended)})"


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
