"""Totals that an agency gives beside its data (``control_totals.csv``), against what was read and what was accepted.

Columns: table, fixmedins_code (empty = all institutions), measure (``rows``, or a number column, which is summed),
value. Names in other spellings (``count``, ``sum_<column>``, ``sum(<column>)``) are understood.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from expectations.frames import Frame, Gathered, Rows
from expectations.places import institution_join, institution_of
from records.encoding import detect
from records.errors import DataFault
from records.source import quoted
from records.text import prepare

NAME = "control_totals.csv"
_COLUMNS = ("table", "fixmedins_code", "measure", "value")
_ROWS = ("rows", "count", "row_count", "n", "count(*)")
Sums = dict[tuple[str, str, str], tuple[Decimal, Decimal]]
_SUM = re.compile(r"(?:sum)?[_(]?(\w+?)\)?")


def read_totals(path: Path) -> list[dict[str, str]]:
    """The file's rows as text. Raises DataFault when it lacks a column, UnreadableFile when it is no CSV."""
    with tempfile.TemporaryDirectory(prefix="rxpanel-") as scratch:
        plain = prepare(path, detect(path), Path(scratch) / "plain.csv")
        missing = [name for name in _COLUMNS if name not in plain.header]
        if missing:
            raise DataFault(f"{path.name} lacks the column {', '.join(missing)}: add it, or remove the file.")
        with plain.path.open(encoding="utf-8", newline="") as content:
            rows = list(csv.DictReader(content, fieldnames=plain.header))[1:]
    return [{name: (row[name] or "").strip() for name in _COLUMNS} for row in rows]


def control_totals(given: Gathered) -> Frame:
    """Given, read and accepted totals. Grain: a row of the file; ``read`` is missing where none can be worked out."""
    import pandas as pd

    path = given.report.folder / NAME if given.report.folder else None
    asked = read_totals(path) if path and path.is_file() else []
    sums: Sums = {}
    for table in sorted({row["table"] for row in asked if given.supplied(row["table"])}):
        sums |= _sums(given, table, [row for row in asked if row["table"] == table])
    found = [_compared(given, row, sums) for row in asked]
    columns = ["table_name", "fixmedins_code", "measure", "given", "read", "accepted", "share_off", "difference"]
    data = pd.DataFrame(found, columns=columns)
    data = data.astype(dict.fromkeys(columns[3:], "float64"))

    def rows(row: Mapping[str, Any], _column: str) -> Rows | None:
        place = str(row["table_name"])
        if not given.supplied(place) or pd.isna(row["read"]):
            return None
        owner = _owner(given, place, str(row["fixmedins_code"]))
        return Rows(f"sorted.{place}", f"NOT t.ok AND {owner}", {"who": row["fixmedins_code"]})

    return Frame(data, rows)


def _owner(given: Gathered, table: str, who: str) -> str:
    """SQL: whether a row belongs to the institution a total is for."""
    if not who:
        return "true"
    code = institution_of(given.contract, given.contract[table])
    return f"{code} = $who" if code else "false"


def _sums(given: Gathered, table: str, asked: list[dict[str, str]]) -> Sums:
    """What was read and accepted, by table, institution (empty for all) and measure, in two looks at most."""
    measures = sorted({sql for row in asked if (sql := _measure(given, row))})
    cells = ", ".join(f"{sql} FILTER (t.marks <> ['duplicate_identical']), {sql} FILTER (t.ok)" for sql in measures)
    place = institution_join(given.contract, given.contract[table])
    queries = []
    if not cells:
        return {}
    if any(not row["fixmedins_code"] for row in asked):
        queries.append(f"SELECT '', {cells} FROM sorted.{table} t")
    if place is not None and any(row["fixmedins_code"] for row in asked):
        queries.append(f"SELECT {place[0]}, {cells} FROM sorted.{table} t {place[1]} WHERE {place[0]} <> '' GROUP BY 1")
    found: Sums = {}
    for query in queries:
        for who, *values in given.con.execute(query).fetchall():
            for number, sql in enumerate(measures):
                read, accepted = (Decimal(value or 0) for value in values[2 * number : 2 * number + 2])
                found[table, who, sql] = (read, accepted)
    return found


def _compared(given: Gathered, row: dict[str, str], sums: Sums) -> tuple[Any, ...]:
    """One total beside what was read and accepted; differences are exact and only shown as floating numbers."""
    key = (row["table"], row["fixmedins_code"], row["measure"])
    total, measure = _number(row["value"]), _measure(given, row)
    if total is None or measure is None:
        return (*key, None if total is None else float(total), None, None, None, None)
    read, accepted = sums.get((row["table"], row["fixmedins_code"], measure), (Decimal(0), Decimal(0)))
    if measure == "count(*)" and not row["fixmedins_code"]:
        read += given.report.tables[row["table"]].unparsed
    off = abs(read - total) / abs(total) if total else Decimal(int(read != 0))
    return (*key, float(total), float(read), float(accepted), float(off), float(accepted - total))


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    # A number beyond any sum of money or rows is a slip of the pen, and would overflow what is compared with it.
    return value if value.is_finite() and abs(value.adjusted()) <= 20 else None


def _measure(given: Gathered, row: dict[str, str]) -> str | None:
    """SQL: what a measure asks for; None for a table that was not read or a column that is no number."""
    if not given.supplied(row["table"]):
        return None
    name = row["measure"].lower()
    if name in _ROWS:
        return "count(*)"
    table = given.contract[row["table"]]
    numbers = {column.name for column in table.columns if column.kind not in ("string", "date", "datetime")}
    for candidate in (name, _SUM.fullmatch(name)):
        found = candidate if isinstance(candidate, str) else candidate[1] if candidate else ""
        if found in numbers:
            return f"sum(t.{quoted(found)})"
    return None
