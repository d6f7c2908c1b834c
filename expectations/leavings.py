"""What the gate leaves beside the accepted rows: quarantine and repairs, one Parquet file each a table."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.faults import create_wording
from expectations.reading import Reading
from expectations.spelling import repair_code
from records.contract import Table
from records.native import text_of
from records.output import write_parquet
from records.source import TableSource, quoted

if TYPE_CHECKING:
    import duckdb


def write_quarantine(con: duckdb.DuckDBPyConnection, reading: Reading, path: Path) -> int:
    """Write the rows that stay out, as text under the contract's columns, with their faults.

    Returns how many. Columns that were not supplied are null. A record that did not parse stands whole in the
    first column.
    """
    table = reading.table
    columns = [column.name for column in table.columns]
    as_came = [
        f"{text_of(quoted(c), reading.kinds[c])} AS {quoted(c)}" if c in reading.kinds else f"NULL::VARCHAR AS {quoted(c)}"
        for c in columns
    ]
    rest = "".join(f", NULL::VARCHAR AS {quoted(c)}" for c in columns[1:])
    rows = (
        f"SELECT {', '.join(as_came)}, marks FROM (SELECT native.*, f.marks FROM native.{table.name} native "
        f"JOIN flagged.{table.name} f USING (_row) WHERE len(f.marks) > 0) UNION ALL "
        f"SELECT text AS {quoted(columns[0])}{rest}, ['unparsed'] AS marks "
        f"FROM raw.unparsed WHERE table_name = '{table.name}'"
    )
    create_wording(con, f"SELECT marks FROM ({rows})")
    return write_parquet(
        con,
        f"SELECT q.* EXCLUDE (marks), w.fault_codes, w.fault_text, w.severity "
        f"FROM ({rows}) q JOIN wording w ON w.marks = q.marks",
        path,
        [*(f"{quoted(name)} NULLS FIRST" for name in table.order), "fault_codes", "fault_text"],
    )


@cache
def load_repairs() -> dict[str, dict[str, str]]:
    """The kinds of repairs by code, each with its words (zh, en)."""
    return tomllib.loads(Path(__file__).with_name("repairs.toml").read_text(encoding="utf-8"))


def create_repairs(con: duckdb.DuckDBPyConnection, reading: Reading, source: TableSource) -> None:
    """Create ``repaired.<table>``: _row, key, column, before, after, repair_code.

    Grain: one row a mended value of an accepted row, and one for what was mended of a whole file or column (_row
    and key null).
    """
    _create_value_repairs(con, reading)
    for column, before, after, code in _of_files(source):
        con.execute(f"INSERT INTO repaired.{reading.table.name} VALUES (NULL, NULL, ?, ?, ?, ?)", [column, before, after, code])


def _of_files(source: TableSource) -> list[tuple[str | None, str, str, str]]:
    """What was mended of a table's file: column if it is one, before, after, code."""
    found: list[tuple[str | None, str, str, str]] = []
    if source.bom:
        found.append((None, f"{source.encoding} with BOM", source.encoding, "byte_order_mark"))
    if "gb18030" in source.encoding:
        found.append((None, "gb18030", "utf-8", "encoding"))
    if source.line_ends != "LF":
        found.append((None, source.line_ends, "LF", "line_ends"))
    return found + [(standard, given, standard, "column_alias") for given, standard in source.aliases_used.items()]


def _create_value_repairs(con: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    table = reading.table
    key = "concat_ws('|', " + ", ".join(quoted("m_" + name) for name in (table.key or table.order)) + ")"
    entries = []
    for column in table.columns:
        if reading.is_text(column) and column.name not in reading.clean:
            r, c, m = (quoted(prefix + column.name) for prefix in ("r_", "c_", "m_"))
            code = f"CASE WHEN {r} <> '' THEN {repair_code(column, r, c, m)} END"
            # A number that was taken as it is and has another value is listed with that value.
            after = (
                m if column.kind == "string" else f"coalesce(CASE WHEN {r} = {m} THEN {quoted(column.name)}::VARCHAR END, {m})"
            )
            entries.append(f"{{'column': '{column.name}', 'before': {r}, 'after': {after}, 'repair_code': {code}}}")
    if not entries:
        con.execute(
            f"CREATE TABLE repaired.{table.name} "
            '(_row BIGINT, key VARCHAR, "column" VARCHAR, before VARCHAR, after VARCHAR, repair_code VARCHAR)'
        )
        return
    rows = f"SELECT _row FROM flagged.{table.name} WHERE len(marks) = 0 AND mended"
    con.execute(
        f"CREATE TABLE repaired.{table.name} AS SELECT _row, key, unnest(entry) FROM ("
        f"SELECT _row, {key} AS key, unnest([{', '.join(entries)}]) AS entry "
        f"FROM ({reading.sql(texts=True, rows=rows)})) WHERE entry.repair_code IS NOT NULL"
    )


def write_repairs(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> int:
    """Write the repairs of a table; returns how many values were mended."""
    return write_parquet(
        con,
        f'SELECT key, "column", before, after, repair_code FROM repaired.{table.name}',
        path,
        ["key", '"column"', "before", "after"],
    )
