"""Row by row sorting, set-based: faults of values, keys, references, and of rows as a whole."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.parse import cleaned, mended, typed
from records.contract import Column, Contract, Table
from records.readers import quoted

if TYPE_CHECKING:
    import duckdb

_HERE = Path(__file__).parent


@cache
def row_checks() -> dict[str, list[dict[str, Any]]]:
    """Checks of whole rows by table: fault code and the SQL condition that makes it (``t`` = the row)."""
    return tomllib.loads((_HERE / "row_checks.toml").read_text(encoding="utf-8"))


def stage(con: duckdb.DuckDBPyConnection, table: Table, present: list[str]) -> None:
    """Create ``staged.<table>``: _row, the text as it came (r_), as mended (m_), and typed values.

    Columns that were not supplied are typed nulls.
    """
    raw, clean, mend, value = [], [], [], []
    for column in table.columns:
        name = column.name
        if name not in present:
            raw.append(f"NULL::VARCHAR AS {quoted('r_' + name)}")
            clean.append(f"NULL::VARCHAR AS {quoted('c_' + name)}")
            mend.append(f"NULL::VARCHAR AS {quoted('m_' + name)}")
            value.append(f"NULL::{column.duckdb_type} AS {quoted(name)}")
            continue
        raw.append(f"{quoted(name)} AS {quoted('r_' + name)}")
        clean.append(f"{cleaned(column, quoted('r_' + name))} AS {quoted('c_' + name)}")
        mend.append(f"{mended(column, quoted('c_' + name))} AS {quoted('m_' + name)}")
        value.append(f"{typed(column, quoted('m_' + name))} AS {quoted(name)}")
    con.execute(
        f"CREATE TABLE staged.{table.name} AS "
        f"WITH r AS (SELECT _row, {', '.join(raw)} FROM raw.{table.name}), "
        f"c AS (SELECT *, {', '.join(clean)} FROM r), m AS (SELECT *, {', '.join(mend)} FROM c) "
        f"SELECT *, {', '.join(value)} FROM m"
    )


def _value_faults(column: Column) -> list[str]:
    name, text = quoted(column.name), quoted("m_" + column.name)
    faults = [f"CASE WHEN contains({text}, chr(65533)) THEN 'bad_encoding' END"]
    if not column.nullable:
        faults.append(f"CASE WHEN {text} IS NULL THEN 'missing_required' END")
    if column.kind != "string":
        faults.append(f"CASE WHEN {text} IS NOT NULL AND {name} IS NULL THEN 'bad_type' END")
    elif column.length:
        faults.append(f"CASE WHEN length({name}) > {column.length} THEN 'bad_length' END")
    if column.closed:
        codes = ", ".join(f"'{code}'" for code in column.codes)
        faults.append(
            f"CASE WHEN {name} IS NOT NULL AND {name}::VARCHAR NOT IN ({codes}) THEN 'bad_code' END"
        )
    if column.minimum is not None:
        faults.append(f"CASE WHEN {name} < {column.minimum} THEN 'bad_range' END")
    if column.maximum is not None:
        faults.append(f"CASE WHEN {name} > {column.maximum} THEN 'bad_range' END")
    return faults


def sort_rows(con: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> None:
    """Create ``sorted.<table>``: staged rows with ``faults`` (sorted list of codes) and ``notes``."""
    faults = [fault for column in table.columns for fault in _value_faults(column)]
    joins, notes = [], []
    for column in table.columns:
        if column.references is None:
            continue
        parent = contract[column.references]
        key, name = quoted(parent.key[0]), f"t.{quoted(column.name)}"
        alias = f"p_{column.name}"
        joins.append(
            f"LEFT JOIN (SELECT {key} AS k, bool_or(ok) AS ok FROM known.{parent.name} GROUP BY 1) {alias} "
            f"ON {alias}.k = {name}"
        )
        lost = f"{name} IS NOT NULL AND {alias}.k IS NULL"
        if column.nullable:
            notes.append(f"CASE WHEN {lost} THEN 'reference_unknown' END")
        else:
            faults.append(f"CASE WHEN {lost} THEN 'orphan' END")
            faults.append(f"CASE WHEN NOT {alias}.ok THEN 'parent_quarantined' END")
    for check in row_checks().get(table.name, []):
        faults.append(f"CASE WHEN {check['when']} THEN '{check['fault']}' END")
    values = ", ".join(quoted(column.name) for column in table.columns)
    key = ", ".join(quoted(name) for name in (table.key or table.order))
    listed = "list_sort(list_distinct(list_filter([{}]::VARCHAR[], lambda x: x IS NOT NULL)))"
    con.execute(
        f"CREATE TABLE sorted.{table.name} AS WITH twin AS ("
        f"SELECT *, count(*) OVER (PARTITION BY {key}) AS same_key, "
        f"count(*) OVER (PARTITION BY {values}) AS same_row, "
        f"row_number() OVER (PARTITION BY {values} ORDER BY _row) AS copy FROM staged.{table.name}), "
        f"judged AS (SELECT t.*, {listed.format(', '.join(faults))} AS own, "
        f"{listed.format(', '.join(notes) or 'NULL')} AS notes FROM twin t {' '.join(joins)}) "
        "SELECT * EXCLUDE (own), CASE WHEN copy > 1 AND same_key = same_row THEN ['duplicate_identical'] "
        "WHEN same_key > same_row THEN list_sort(list_append(own, 'duplicate_conflict')) ELSE own END AS faults "
        "FROM judged"
    )
    if len(table.key) == 1:
        name = quoted(table.key[0])
        con.execute(
            f"CREATE TABLE known.{table.name} AS SELECT {name}, len(faults) = 0 AS ok FROM sorted.{table.name}"
        )
