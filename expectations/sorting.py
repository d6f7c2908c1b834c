"""Row by row sorting, set-based: the faults of values, keys, references and whole rows, and what is noted.

A fault is marked as ``code`` or ``code:column``. ``flagged.<table>`` has one row for each row of a table that has
anything to say of it: ``_row``, ``marks`` (empty for a good row), ``mended``, ``noted`` (a bit a note).
``sorted.<table>`` shows all rows: ``_row``, the values of every contract column, ``marks``, ``ok``;
``accepted.<table>`` the good ones. Both are views: the rows stay where they were read.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.notes import noted
from expectations.parents import Parents
from expectations.reading import Reading
from expectations.survey import Check, changed, survey
from expectations.twins import find_twins
from records.contract import Contract, Table
from records.periods import Quarter
from records.source import TableSource, count_rows, quoted

if TYPE_CHECKING:
    import duckdb


@cache
def row_checks() -> dict[str, Any]:
    """Checks of whole rows by table: the fault and the SQL condition that makes it."""
    return tomllib.loads(Path(__file__).with_name("row_checks.toml").read_text(encoding="utf-8"))


def own_checks(table: Table, quarter: Quarter) -> list[Check]:
    """Checks of a row as a whole, from ``row_checks.toml``."""
    far = f"TIMESTAMP '{quarter.shift(4).end}'"
    return [(check["fault"], check["when"].replace("$a_year_after", far)) for check in row_checks().get(table.name, [])]


def sort_rows(
    con: duckdb.DuckDBPyConnection, contract: Contract, table: Table, source: TableSource, quarter: Quarter
) -> Reading:
    """Create ``flagged.<table>``; parents must have been sorted before. Returns how the table is read."""
    own = own_checks(table, quarter)
    surveyed = survey(con, Reading.of(table, source), [check for check in own if "of_" not in check[1]])
    reading = surveyed.reading
    find_twins(con, reading)
    parents = Parents(con, contract, table)
    checks = [*surveyed.checks, *parents.checks, *(check for check in own if "of_" in check[1])]
    notes = noted(table, quarter)
    joins = parents.joins([when for _, when in checks] + [when for _, when in notes])
    suspect = " OR ".join(f"({when})" for _, when in checks) or "false"
    marks = "".join(f", CASE WHEN {when} THEN '{mark}' END" for mark, when in checks)
    bits = " + ".join(f"CASE WHEN {when} THEN {1 << n} ELSE 0 END" for n, (_, when) in enumerate(notes)) or "0"
    # The list of marks is built only for the few rows that need one.
    con.execute(
        f"CREATE TABLE flagged.{table.name} AS SELECT _row, CASE WHEN suspect THEN list_sort(list_distinct("
        "list_filter(given, lambda x: x IS NOT NULL))) ELSE [] END AS marks, mended, noted FROM ("
        f"SELECT t._row, ({suspect}) IS TRUE OR twin.mark IS NOT NULL AS suspect, "
        f"CASE WHEN suspect THEN [twin.mark{marks}]::VARCHAR[] END AS given, "
        f"({changed(reading)}) IS TRUE AS mended, ({bits})::UBIGINT AS noted "
        f"FROM ({reading.sql(texts=True)}) t LEFT JOIN twin.{table.name} twin ON twin._row = t._row {joins}) "
        "WHERE suspect OR mended OR noted > 0"
    )
    return reading


def show_sorted(con: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Create the views ``sorted.<table>`` and ``accepted.<table>`` over what was flagged."""
    table = reading.table
    columns = ", ".join(f"t.{quoted(column.name)}" for column in table.columns)
    bad = f"flagged.{table.name} WHERE len(marks) > 0"
    con.execute(
        f"CREATE VIEW sorted.{table.name} AS SELECT t._row, {columns}, coalesce(f.marks, []::VARCHAR[]) AS marks, "
        f"f._row IS NULL AS ok FROM ({reading.sql()}) t LEFT JOIN (SELECT _row, marks FROM {bad}) f ON f._row = t._row"
    )
    out = f" ANTI JOIN (SELECT _row FROM {bad}) f ON f._row = t._row" if count_rows(con, bad) else ""
    con.execute(f"CREATE VIEW accepted.{table.name} AS SELECT {columns} FROM ({reading.sql()}) t{out}")


def show_absent(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create an empty ``accepted.<table>`` for one that was not supplied."""
    columns = ", ".join(f"{quoted(c.name)} {c.duckdb_type}" for c in table.columns)
    con.execute(f"CREATE TABLE accepted.{table.name} ({columns})")
