"""The gate's report for the agency, as data (gate_report.json) and as one page (gate_report.html)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.places import institution_join
from expectations.report_page import page
from records.contract import Contract
from records.output import write_json, write_text
from records.source import TableSource

if TYPE_CHECKING:
    import duckdb

    from expectations.frames import Gathered
    from expectations.gate import GateResult

#: Tables whose rows are shown by month, and the time that says which month.
_TRENDS = {"settlement": "setl_time", "prescription": "prsc_time", "fee_line": "fee_ocur_time"}


def faults_by_institution(con: duckdb.DuckDBPyConnection, contract: Contract, supplied: Iterable[str]) -> list[dict[str, Any]]:
    """Quarantined rows by table, institution and fault; the institution of a row is its own or its parent's.

    Grain: one dict a table, institution and fault. ``rows`` are all rows of that institution in the table;
    the institution is empty where a row names none.
    """
    found: list[dict[str, Any]] = []
    for table in (contract[name] for name in supplied):
        place = institution_join(contract, table)
        if place is None:
            continue
        code, join = place
        codes = "list_distinct(list_transform(marks, lambda x: regexp_replace(x, ':.*', '')))"
        rows = con.execute(
            f"WITH r AS (SELECT coalesce({code}, '') AS who, marks FROM sorted.{table.name} t {join}), "
            "n AS (SELECT who, count(*) AS n FROM r GROUP BY 1), "
            f"f AS (SELECT who, unnest({codes}) AS fault FROM r WHERE len(marks) > 0) "
            "SELECT f.who, f.fault, count(*), any_value(n.n) FROM f JOIN n USING (who) "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        found += [
            {"table": table.name, "fixmedins_code": who, "fault": fault, "quarantined": bad, "rows": of}
            for who, fault, bad, of in rows
        ]
    named = dict(con.execute("SELECT fixmedins_code, fixmedins_name FROM accepted.institution").fetchall())
    return [entry | {"fixmedins_name": named.get(entry["fixmedins_code"], "")} for entry in found]


def by_month(con: duckdb.DuckDBPyConnection, supplied: Iterable[str]) -> list[dict[str, Any]]:
    """Rows accepted and quarantined by month; rows without a time are left out. Grain: a table and month."""
    found = []
    for name, time in _TRENDS.items():
        if name in supplied:
            rows = con.execute(
                f"SELECT strftime(date_trunc('month', {time}), '%Y-%m'), sum(good)::BIGINT, sum(bad)::BIGINT FROM ("
                f"SELECT date_trunc('month', {time}) AS {time}, count(*) FILTER (ok) AS good, count(*) FILTER (NOT ok) AS bad "
                f"FROM sorted.{name} WHERE {time} IS NOT NULL GROUP BY 1) GROUP BY 1 ORDER BY 1"
            ).fetchall()
            found += [{"table": name, "month": m, "accepted": a, "quarantined": q} for m, a, q in rows]
    return found


def _source(table: str, source: TableSource) -> dict[str, Any]:
    """Where a table came from and what of it was not taken."""
    return {
        "table": table,
        "files": source.files,
        "encoding": source.encoding,
        "rows": source.rows,
        "left_out": source.columns_extra,
        "aliases": source.aliases_used,
    }


def write_report(given: Gathered, result: GateResult, out: Path) -> None:
    """Write gate_report.json and gate_report.html; no clock in either."""
    con, contract, supplied = given.con, given.contract, list(result.tables)
    content = {
        "quarter": str(given.quarter),
        "sources": [_source(name, source) for name, source in given.report.tables.items()],
        "ignored": given.report.ignored,
        "tables": {name: asdict(counts) for name, counts in result.tables.items()},
        "by_institution": faults_by_institution(con, contract, supplied),
        "by_month": by_month(con, supplied),
        "expectations": result.suites,
        "blocking": [{"zh": zh, "en": en} for zh, en in zip(result.blocking_zh, result.blocking, strict=True)],
        "switched_off": result.switched_off,
    }
    write_json(out / "gate_report.json", content)
    write_text(out / "gate_report.html", page(content, contract))
