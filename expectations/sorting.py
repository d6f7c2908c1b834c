"""Row by row sorting, set-based: typed values, and the faults of values, keys, references and whole rows.

A fault is marked as ``code`` or ``code:column``. ``sorted.<table>`` holds one row for each row of
``raw.<table>``: ``_row``, typed values of every contract column, ``marks`` (empty for a good row), ``ok``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.spelling import cleaned, is_free_text, listed, may_be_rounded, mended, typed
from records.contract import Column, Contract, Table
from records.periods import Quarter
from records.readers import count_rows, quoted

if TYPE_CHECKING:
    import duckdb

#: No row of a living system is older; an earlier year is a typing mistake.
FIRST_YEAR = 1900
Check = tuple[str, str]


@cache
def row_checks() -> dict[str, Any]:
    """Checks of whole rows by table (fault and SQL condition), and what of a parent they look at."""
    return tomllib.loads(Path(__file__).with_name("row_checks.toml").read_text(encoding="utf-8"))


def spelled(table: Table, present: Sequence[str], columns: Sequence[Column] | None = None, rows: str = "") -> str:
    """SQL: rows of ``raw.<table>`` as they came (r_), cleaned (c_), mended (m_) and typed (by name).

    Columns that were not supplied are typed nulls. ``columns`` asks for some only, ``rows`` for those whose
    ``_row`` a query gives: DuckDB would work out the others too before dropping them.
    """
    raw, clean, mend, value = [], [], [], []
    for column in table.columns if columns is None else columns:
        r, c, m = (quoted(prefix + column.name) for prefix in ("r_", "c_", "m_"))
        if column.name not in present:
            raw.append(f"NULL::VARCHAR AS {r}")
            clean.append(f"NULL::VARCHAR AS {c}")
            mend.append(f"NULL::VARCHAR AS {m}")
            value.append(f"NULL::{column.duckdb_type} AS {quoted(column.name)}")
            continue
        raw.append(f"{quoted(column.name)} AS {r}")
        clean.append(f"{cleaned(column, r)} AS {c}")
        mend.append(f"{mended(column, c)} AS {m}")
        value.append(f"{typed(column, m)} AS {quoted(column.name)}")
    chosen = f" WHERE _row IN ({rows})" if rows else ""
    return (
        f"SELECT *, {', '.join(value)} FROM (SELECT *, {', '.join(mend)} FROM (SELECT *, {', '.join(clean)} "
        f"FROM (SELECT _row, {', '.join(raw)} FROM raw.{table.name}{chosen})))"
    )


def identity(column: Column) -> str:
    """SQL: what makes two values the same: the value as parsed, or the text where it does not parse."""
    text = quoted("m_" + column.name)
    return text if column.kind == "string" else f"coalesce({quoted(column.name)}::VARCHAR, {text})"


def find_twins(con: duckdb.DuckDBPyConnection, table: Table, present: Sequence[str]) -> None:
    """Create ``twin.<table>`` (_row, mark) of rows that share their key with another row.

    Of rows equal in every column, the first by their text as it came stays; where rows of one key differ, all
    are marked. A table without a key is compared by whole rows; a row that lacks part of its key by none.
    """
    key = [table.column(name) for name in table.key] or list(table.columns)
    names = [f"k{number}" for number in range(len(key))]
    keys = ", ".join(f"{identity(column)} AS {name}" for column, name in zip(key, names, strict=True))
    whole = " AND ".join(f"{name} IS NOT NULL" for name in names) if table.key else "true"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE keyed AS SELECT _row, hash({', '.join(names)}) AS h FROM ("
        f"SELECT _row, {keys} FROM ({spelled(table, present, key)})) WHERE {whole}"
    )
    by_key = ", ".join(identity(column) for column in key)
    by_row = ", ".join(identity(column) for column in table.columns)
    as_came = ", ".join(quoted("r_" + column.name) for column in table.columns)
    suspect = "SELECT _row FROM keyed WHERE h IN (SELECT h FROM keyed GROUP BY h HAVING count(*) > 1)"
    con.execute(
        f"CREATE TABLE twin.{table.name} AS WITH counted AS (SELECT _row, "
        f"count(*) OVER (PARTITION BY {by_key}) AS of_key, count(*) OVER (PARTITION BY {by_row}) AS of_row, "
        f"row_number() OVER (PARTITION BY {by_row} ORDER BY {as_came}, _row) AS copy "
        f"FROM ({spelled(table, present, rows=suspect)})) "
        "SELECT _row, CASE WHEN of_key > of_row THEN 'duplicate_conflict' ELSE 'duplicate_identical' END "
        "AS mark FROM counted WHERE of_key > of_row OR copy > 1"
    )
    con.execute("DROP TABLE keyed")


def _value_checks(column: Column) -> list[Check]:
    """Faults of one value: the mark and the SQL condition that makes it."""
    name, text, at = f"t.{quoted(column.name)}", f"t.{quoted('m_' + column.name)}", f":{column.name}"
    checks = [(f"bad_encoding{at}", f"contains({text}, chr(65533))")]
    if not column.nullable:
        checks.append((f"missing_required{at}", f"{text} IS NULL"))
    if column.kind != "string":
        checks.append((f"bad_type{at}", f"{text} IS NOT NULL AND {name} IS NULL"))
    elif column.length and not is_free_text(column):
        checks.append((f"bad_length{at}", f"length({name}) > {column.length}"))
    if column.closed:
        codes = listed(tuple(column.codes))
        checks.append((f"bad_code{at}", f"{name} IS NOT NULL AND {name}::VARCHAR NOT IN ({codes})"))
    if column.minimum is not None:
        checks.append((f"bad_range{at}", f"{name} < {column.minimum}"))
    if column.maximum is not None:
        checks.append((f"bad_range{at}", f"{name} > {column.maximum}"))
    if column.kind in ("date", "datetime"):
        checks.append((f"bad_range{at}", f"year({name}) < {FIRST_YEAR}"))
    return checks


def _references(con: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> tuple[list[Check], list[str]]:
    """Checks of what must refer to an accepted parent, and the joins they need (``of_<column>``).

    A nullable reference is no check: who is named there and unknown may be a lead, so it is noted and kept.
    A parent table that may be empty and is, cannot be checked against. Owners (``row_checks.toml``) are
    parents without being references: a quarantined one takes its rows along, an unknown one does not.
    """
    checks: list[Check] = []
    joins: list[str] = []
    for column in table.columns:
        if column.references is None:
            continue
        parent = contract[column.references]
        name, of = f"t.{quoted(column.name)}", f"of_{column.name}"
        joins.append(f"LEFT JOIN known.{parent.name} {of} ON {of}.{quoted(parent.key[0])} = {name}")
        if column.nullable:
            continue
        lost = f"{name} IS NOT NULL AND {of}.ok IS NULL"
        if not parent.may_be_empty or count_rows(con, f"known.{parent.name}"):
            checks.append((f"orphan:{column.name}", lost))
        checks.append((f"parent_quarantined:{column.name}", f"NOT {of}.ok"))
    for name, parent_name in row_checks()["owners"].get(table.name, {}).items():
        key = quoted(contract[parent_name].key[0])
        joins.append(f"LEFT JOIN known.{parent_name} of_{name} ON of_{name}.{key} = t.{quoted(name)}")
        checks.append((f"parent_quarantined:{name}", f"NOT of_{name}.ok"))
    return checks, joins


def _changed(column: Column) -> str:
    """SQL: whether a value may have been mended. A Parquet timestamp at midnight is a day of another type."""
    r, m = f"t.{quoted('r_' + column.name)}", f"t.{quoted('m_' + column.name)}"
    same = f"{m} || ' 00:00:00'" if column.kind == "date" else m
    return f"{r} <> '' AND ({r} IS DISTINCT FROM {m} AND {r} IS DISTINCT FROM {same} OR {may_be_rounded(column, m)})"


def own_checks(table: Table, quarter: Quarter) -> list[Check]:
    """Checks of a row as a whole, from ``row_checks.toml``."""
    far = f"TIMESTAMP '{quarter.shift(4).end}'"
    return [(check["fault"], check["when"].replace("$a_year_after", far)) for check in row_checks().get(table.name, [])]


def sort_rows(
    con: duckdb.DuckDBPyConnection, contract: Contract, table: Table, present: Sequence[str], quarter: Quarter
) -> None:
    """Create ``sorted.<table>`` from ``raw.<table>``; parents must have been sorted before."""
    find_twins(con, table, present)
    checks = [check for column in table.columns for check in _value_checks(column)]
    references, joins = _references(con, contract, table)
    checks += references + own_checks(table, quarter)
    suspect = " OR ".join(f"({when})" for _, when in checks)
    marks = ", ".join(f"CASE WHEN {when} THEN '{mark}' END" for mark, when in checks)
    values = ", ".join(f"t.{quoted(column.name)}" for column in table.columns)
    changed = " OR ".join(_changed(column) for column in table.columns if column.name in present)
    # The list of marks is built only for the few rows that need one.
    con.execute(
        f"CREATE TABLE sorted.{table.name} AS SELECT t._row, {values}, CASE "
        f"WHEN ({suspect}) IS TRUE OR twin.mark IS NOT NULL THEN list_sort(list_distinct(list_filter("
        f"[twin.mark, {marks}]::VARCHAR[], lambda x: x IS NOT NULL))) ELSE []::VARCHAR[] END AS marks, "
        f"len(marks) = 0 AS ok, ({changed}) IS TRUE AS mended FROM ({spelled(table, present)}) t "
        f"LEFT JOIN twin.{table.name} twin ON twin._row = t._row {' '.join(joins)}"
    )


def make_known(con: duckdb.DuckDBPyConnection, table: Table, *, supplied: bool = True) -> None:
    """Create ``known.<table>``: a row a key, whether a row of it was accepted, and what children look at."""
    if len(table.key) != 1:
        return
    key = quoted(table.key[0])
    looked_at = [quoted(name) for name in row_checks()["parents"].get(table.name, [])]
    if supplied:
        kept = "".join(f", min({name}) AS {name}" for name in looked_at)
        source = f"SELECT {key}, bool_or(ok) AS ok{kept} FROM sorted.{table.name} GROUP BY {key}"
    else:
        kept = "".join(f", {name}" for name in looked_at)
        source = f"SELECT {key}, true AS ok{kept} FROM accepted.{table.name}"
    con.execute(f"CREATE TABLE known.{table.name} AS {source}")
