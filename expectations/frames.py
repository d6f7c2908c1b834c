"""What the suites look at: one small frame each, worked out in SQL over the accepted tables, and the rows behind it.

Great Expectations judges the frame; whoever sees a judgement fail gets from the frame's row to the data's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from expectations.faults import sentence
from records.contract import Contract
from records.periods import Quarter
from records.source import SourceReport, quoted

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: A share of fewer rows than this says nothing of an extract.
FEWEST_ROWS = 50


@dataclass(frozen=True)
class Rows:
    """The rows behind one row of a frame: a table of schema accepted or sorted, a condition on "t", its parameters."""

    place: str
    condition: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A frame and, for one of its rows, the data's rows behind it (None where there are none to show)."""

    data: pd.DataFrame
    rows: Callable[[Mapping[str, Any], str], Rows | None]


@dataclass(frozen=True)
class Gathered:
    """What frames are made from."""

    con: duckdb.DuckDBPyConnection
    contract: Contract
    report: SourceReport
    quarter: Quarter

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters that every query of a suite may name."""
        quarter = self.quarter
        return {"quarter": str(quarter), "quarter_begin": quarter.begin, "quarter_end": quarter.end}

    def supplied(self, table: str) -> bool:
        """Whether a table was read."""
        return table in self.report.tables


def used(sql: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the parameters that a query names; DuckDB refuses others."""
    return {name: parameters[name] for name in set(re.findall(r"\$(\w+)", sql))}


def by_share(given: Gathered, table: str, time: str, shares: tuple[dict[str, Any], ...]) -> Frame:
    """Shares of a table's rows by month, or of all its rows where it has no time. Grain: a month."""
    month = f"strftime(date_trunc('month', t.{quoted(time)}), '%Y-%m')" if time else "'all'"
    cells = ", ".join(
        f"avg(coalesce(({one['of']}), false)::INT) FILTER ({one.get('among', 'true')}) AS {quoted(one['name'])}"
        for one in shares
    )
    sql = f"SELECT {month} AS month, {cells} FROM accepted.{table} t GROUP BY 1 HAVING count(*) >= {FEWEST_ROWS} ORDER BY 1"
    data = given.con.execute(sql, used(sql, given.parameters)).df()
    named = {one["name"]: one for one in shares}

    def rows(row: Mapping[str, Any], column: str) -> Rows:
        one = named[column]
        condition = f"({one.get('among', 'true')}) AND ({one['of']}) AND {month} = $month"
        return Rows(f"accepted.{table}", condition, {"month": row["month"]} | given.parameters)

    return Frame(data, rows)


def by_query(given: Gathered, table: str, sql: str, condition: str) -> Frame:
    """What a query of a suite gives; its condition names the columns of a row as parameters."""
    data = given.con.execute(sql, used(sql, given.parameters)).df()

    def rows(row: Mapping[str, Any], _column: str) -> Rows | None:
        return Rows(f"accepted.{table}", condition, dict(row) | given.parameters) if condition else None

    return Frame(data, rows)


def sample(given: Gathered, rows: Rows, limit: int) -> tuple[int, list[str], list[tuple[Any, ...]]]:
    """How many rows are behind a frame's row, and the first of them by key: key, institution, times and money.

    Of quarantined rows also why they are (``fault``). What people are (names, numbers of persons) is left out where
    the row has another key.
    """
    schema, _, name = rows.place.partition(".")
    table = given.contract[name]
    shown = [*(table.key or table.order[:3])]
    told = [c.name for c in table.columns if c.name == "fixmedins_code" or c.kind == "datetime" or c.unit == "yuan"]
    shown += [name for name in told if name not in shown]
    columns = ", ".join(f"t.{quoted(name)}::VARCHAR AS {quoted(name)}" for name in shown)
    place = f"FROM {rows.place} t WHERE {rows.condition}"
    counted = given.con.execute(f"SELECT count(*) {place}", used(place, rows.parameters)).fetchall()[0][0]
    order = ", ".join(f"t.{quoted(name)}" for name in shown)
    marks = ", t.marks" if schema == "sorted" else ""
    asked = f"SELECT {columns}{marks} {place} ORDER BY {order} LIMIT {limit}"
    found = given.con.execute(asked, used(place, rows.parameters)).fetchall()
    if marks:
        return int(counted), [*shown, "fault"], [(*row[:-1], sentence(row[-1])) for row in found]
    return int(counted), shown, found


def in_time(name: str, begin: str = "$quarter_begin", end: str = "$quarter_end") -> str:
    """SQL: whether a row's time lies in the quarter."""
    return f"t.{quoted(name)} >= {begin} AND t.{quoted(name)} < {end}"
