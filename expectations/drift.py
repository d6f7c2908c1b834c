"""The quarter against the earlier quarters of the same folder: empty values, codes, distributions."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

from expectations.frames import FEWEST_ROWS, Frame, Gathered, Rows, in_time
from records.contract import Table
from records.source import quoted

#: Tables whose rows have a time of their own, and which it is.
TIMES = {"settlement": "setl_time", "prescription": "prsc_time", "fee_line": "fee_ocur_time"}
#: Columns whose distribution is compared.
MEASURED = {
    "settlement": ("medfee_sumamt", "fund_pay_sumamt"),
    "prescription": ("psn_wt",),
    "fee_line": ("cnt", "pric", "det_item_fee_sumamt", "prd_days", "sin_doscnt"),
}
#: Deciles of more values than this are those of an evenly spread part of them.
_ENOUGH = 1_000_000
_LEAST_SHARE = 1e-4


def _supplied(given: Gathered) -> list[tuple[Table, str]]:
    return [(given.contract[name], time) for name, time in TIMES.items() if given.supplied(name)]


def _now(time: str) -> str:
    return f"t.{quoted(time)} >= $quarter_begin"


def _present(given: Gathered, table: Table) -> list[str]:
    return given.report.tables[table.name].columns_present


def _frame(columns: list[str], rows: list[tuple[Any, ...]]) -> Any:
    import pandas as pd

    return pd.DataFrame(rows, columns=columns)


def _bounds(given: Gathered) -> dict[str, Any]:
    return {name: given.parameters[name] for name in ("quarter_begin", "quarter_end")}


def null_rates(given: Gathered) -> Frame:
    """Shares of empty values now and before. Grain: a table and nullable column; rise in shares (0..1)."""
    found: list[tuple[Any, ...]] = []
    for table, time in _supplied(given):
        columns = [c.name for c in table.columns if c.nullable and c.name in _present(given, table)]
        if not columns:
            continue
        counts = ", ".join(f"count(t.{quoted(name)})" for name in columns)
        sql = (
            f"SELECT {_now(time)} AS now, count(*), {counts} FROM accepted.{table.name} t "
            f"WHERE t.{quoted(time)} < $quarter_end GROUP BY 1"
        )
        sides = {bool(row[0]): row[1:] for row in given.con.execute(sql, _bounds(given)).fetchall()}
        if len(sides) < 2 or min(side[0] for side in sides.values()) < FEWEST_ROWS:
            continue
        for number, name in enumerate(columns, start=1):
            before, now = (1 - sides[side][number] / sides[side][0] for side in (False, True))
            found.append((table.name, name, before, now, now - before))

    def rows(row: Mapping[str, Any], _column: str) -> Rows:
        place, name = str(row["table_name"]), str(row["column_name"])
        state = "IS NULL" if row["rise"] > 0 else "IS NOT NULL"
        return Rows(f"accepted.{place}", f"t.{quoted(name)} {state} AND {in_time(TIMES[place])}", _bounds(given))

    return Frame(_frame(["table_name", "column_name", "before", "now", "rise"], found), rows)


def code_mix(given: Gathered) -> Frame:
    """Shares of codes now and before. Grain: a table, a column with a code list, and a code."""
    found: list[tuple[Any, ...]] = []
    for table, time in _supplied(given):
        for column in table.columns:
            if not column.codes or column.name not in _present(given, table):
                continue
            name = f"t.{quoted(column.name)}"
            sql = (
                f"SELECT {name}::VARCHAR, count(*) FILTER (NOT {_now(time)}), count(*) FILTER ({_now(time)}) "
                f"FROM accepted.{table.name} t WHERE t.{quoted(time)} < $quarter_end AND {name} IS NOT NULL "
                "GROUP BY 1 ORDER BY 1"
            )
            counted = given.con.execute(sql, _bounds(given)).fetchall()
            before, now = (sum(row[side] for row in counted) for side in (1, 2))
            if min(before, now) < FEWEST_ROWS:
                continue
            for code, old, new in counted:
                found.append((table.name, column.name, code, old / before, new / now, new / now - old / before))

    def rows(row: Mapping[str, Any], _column: str) -> Rows:
        place, name = str(row["table_name"]), str(row["column_name"])
        condition = f"t.{quoted(name)}::VARCHAR = $code AND {in_time(TIMES[place])}"
        return Rows(f"accepted.{place}", condition, {"code": row["code"]} | _bounds(given))

    return Frame(_frame(["table_name", "column_name", "code", "before", "now", "change"], found), rows)


def distributions(given: Gathered) -> Frame:
    """Population stability index now against before. Grain: a table and measured column."""
    found: list[tuple[Any, ...]] = []
    for table, time in _supplied(given):
        for name in MEASURED[table.name]:
            index = _stability(given, table, time, name) if name in _present(given, table) else None
            if index is not None:
                found.append((table.name, name, index))

    def rows(row: Mapping[str, Any], _column: str) -> Rows:
        place, name = str(row["table_name"]), str(row["column_name"])
        return Rows(f"accepted.{place}", f"t.{quoted(name)} IS NOT NULL AND {in_time(TIMES[place])}", _bounds(given))

    return Frame(_frame(["table_name", "column_name", "stability"], found), rows)


def _stability(given: Gathered, table: Table, time: str, name: str) -> float | None:
    """The index of one column; None where one side has too few values."""
    rows = given.con.execute(f"SELECT count(*) FROM accepted.{table.name}").fetchall()[0][0]
    part = f"hash(t.{quoted(table.key[0])}) % {1 + rows // _ENOUGH} = 0"
    values = f"SELECT t.{quoted(name)}::DOUBLE AS v, {_now(time)} AS now FROM accepted.{table.name} t WHERE {part}"
    values += f" AND t.{quoted(time)} < $quarter_end AND t.{quoted(name)} IS NOT NULL"
    deciles = "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]"
    sql = (
        f"WITH part AS MATERIALIZED ({values}), cuts AS (SELECT quantile_disc(v, {deciles}) AS c FROM part WHERE NOT now) "
        "SELECT len(list_filter(c, lambda x: v > x)) AS bin, count(*) FILTER (NOT now), count(*) FILTER (now) "
        "FROM part CROSS JOIN cuts GROUP BY 1 ORDER BY 1"
    )
    bins = given.con.execute(sql, _bounds(given)).fetchall()
    before, now = (sum(row[side] for row in bins) for side in (1, 2))
    if min(before, now) < FEWEST_ROWS:
        return None
    index = 0.0
    for _, old, new in bins:
        was, is_ = max(old / before, _LEAST_SHARE), max(new / now, _LEAST_SHARE)
        index += (is_ - was) * log(is_ / was)
    return round(index, 9)
