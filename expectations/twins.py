"""Rows that share their key with another row: copies of one, or two that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.reading import Reading
from records.contract import Column
from records.source import count_rows, quoted

if TYPE_CHECKING:
    import duckdb


def _identity(column: Column) -> str:
    """SQL: what makes two values the same: the value as parsed, or the text where it does not parse."""
    text = quoted("m_" + column.name)
    return text if column.kind == "string" else f"coalesce({quoted(column.name)}::VARCHAR, {text}::VARCHAR)"


def find_twins(con: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Create ``twin.<table>`` (_row, mark, lead) of rows that share their key with another row.

    Of rows equal in every column, the first by their text as it came stays (no mark); where rows of one key
    differ, all are marked. ``lead`` is one row a key. A table without a key is compared by whole rows; a row that
    lacks part of its key by none.
    """
    table = reading.table
    key = [table.column(name) for name in table.key] or list(table.columns)
    by_key = ", ".join(_identity(column) for column in key)
    whole = " AND ".join(f"{_identity(column)} IS NOT NULL" for column in key) if table.key else "true"
    keys = f"SELECT _row, hash({by_key}) AS h FROM ({reading.sql(key, texts=True)}) WHERE {whole}"
    # Comparing hashes first keeps the keys of millions of single rows out of memory.
    con.execute(f"CREATE OR REPLACE TEMP TABLE shared AS SELECT h FROM ({keys}) GROUP BY h HAVING count(*) > 1")
    if not count_rows(con, "shared"):
        con.execute(f"CREATE TABLE twin.{table.name} (_row BIGINT, mark VARCHAR, lead BOOLEAN)")
        return
    by_row = ", ".join(_identity(column) for column in table.columns)
    as_came = ", ".join(quoted("r_" + column.name) for column in table.columns)
    suspects = f"SELECT _row FROM ({keys}) WHERE h IN (FROM shared)"
    con.execute(
        f"CREATE TABLE twin.{table.name} AS WITH counted AS (SELECT _row, "
        f"count(*) OVER (PARTITION BY {by_key}) AS of_key, count(*) OVER (PARTITION BY {by_row}) AS of_row, "
        f"row_number() OVER (PARTITION BY {by_row} ORDER BY {as_came}, _row) AS copy, "
        f"row_number() OVER (PARTITION BY {by_key} ORDER BY {as_came}, _row) = 1 AS lead "
        f"FROM ({reading.sql(texts=True, rows=suspects)})) "
        "SELECT _row, CASE WHEN of_key > of_row THEN 'duplicate_conflict' "
        "WHEN copy > 1 THEN 'duplicate_identical' END AS mark, lead FROM counted WHERE of_key > 1"
    )
    con.execute("DROP TABLE shared")
