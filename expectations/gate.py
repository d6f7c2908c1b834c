"""The gate: every supplied row is accepted, or quarantined with its reasons; nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.counting import TableCounts, absent, blocking, count_table, most_quarantined
from expectations.leavings import create_repairs, write_quarantine, write_repairs
from expectations.notes import count_notes
from expectations.refunds import sort_refunds
from expectations.sorting import make_known, sort_rows
from records.contract import Contract, Table
from records.periods import Quarter
from records.readers import SourceReport, quoted

if TYPE_CHECKING:
    import duckdb

_LOG = logging.getLogger(__name__)
_SCHEMAS = ("twin", "sorted", "known", "repaired", "accepted")

__all__ = ["GateResult", "TableCounts", "run_gate", "sort_tables", "summary_table"]


@dataclass
class GateResult:
    """What came through, what did not, what is absent, and what stops a run.

    ``blocking`` holds one sentence for each thing nothing later may rest on (``blocking_zh`` the same in
    Chinese); ``suites`` one dict for each expectation of a whole table; ``switched_off`` what, why_zh and
    why_en.
    """

    tables: dict[str, TableCounts] = field(default_factory=dict)
    blocking: list[str] = field(default_factory=list)
    blocking_zh: list[str] = field(default_factory=list)
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    suites: list[dict[str, Any]] = field(default_factory=list)

    def block(self, zh: str, en: str) -> None:
        """Add what stops a run."""
        self.blocking.append(en)
        self.blocking_zh.append(zh)


def run_gate(
    con: duckdb.DuckDBPyConnection, report: SourceReport, contract: Contract, quarter: Quarter, out: Path
) -> GateResult:
    """Sort all rows of schema ``raw`` into schema ``accepted`` (typed, every contract column) and quarantine.

    Tables that were not supplied are empty in ``accepted``. Writes quarantine/, repairs/, data_docs/ and
    gate_report.json and .html into ``out``. Raises AssertionError if a row or a fen were lost.
    """
    from expectations.report import write_report
    from expectations.suites import load_suites, run_suites

    result = sort_tables(con, report, contract, quarter, out)
    result.suites = run_suites(con, contract, result.tables, quarter, out)
    for entry in result.suites:
        if entry["blocks"]:
            result.block(entry["sentence_zh"], entry["sentence_en"])
    validated = {entry["suite"] for entry in result.suites}
    result.switched_off += [
        {
            "what": f"suite {suite.name}",
            "why_zh": "没有可供检验的数据",
            "why_en": "nothing in the data to hold it against",
        }
        for suite in load_suites()
        if suite.name not in validated
    ]
    write_report(con, contract, result, quarter, out)
    return result


def sort_tables(
    con: duckdb.DuckDBPyConnection, report: SourceReport, contract: Contract, quarter: Quarter, out: Path
) -> GateResult:
    """The gate without its suites and its report: rows sorted, written and counted."""
    for schema in _SCHEMAS:
        con.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        con.execute(f"CREATE SCHEMA {schema}")
    _clear(out)
    result = GateResult()
    supplied = {name: source.columns_present for name, source in report.tables.items()}
    for table in contract:
        _LOG.info("sorting %s", table.name)
        _accept(con, contract, table, supplied.get(table.name), quarter)
    for table in contract:
        if table.name in supplied:
            _leave(con, table, supplied[table.name], out)
            counts = count_table(con, table, report.tables[table.name].rows)
            counts.by_fault |= count_notes(con, contract, table, quarter)
            result.tables[table.name] = counts
        result.switched_off += absent(con, table, supplied.get(table.name))
    for sentence in blocking(contract, result.tables, most_quarantined(quarter)):
        result.block(sentence["zh"], sentence["en"])
    for schema in ("twin", "known", "repaired"):
        con.execute(f"DROP SCHEMA {schema} CASCADE")
    return result


def _clear(out: Path) -> None:
    """Take away what an earlier check left of tables that may not be supplied any more."""
    for path in [*out.glob("quarantine/*.parquet"), *out.glob("repairs/*.parquet")]:
        path.unlink()


def _accept(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    table: Table,
    present: Sequence[str] | None,
    quarter: Quarter,
) -> None:
    """Create ``accepted.<table>``: the good ones of the sorted rows; empty for a table not supplied."""
    if present is None:
        columns = ", ".join(f"{quoted(c.name)} {c.duckdb_type}" for c in table.columns)
        con.execute(f"CREATE TABLE accepted.{table.name} ({columns})")
        make_known(con, table, supplied=False)
        return
    sort_rows(con, contract, table, present, quarter)
    if table.name == "settlement":
        sort_refunds(con)
    make_known(con, table)
    columns = ", ".join(quoted(c.name) for c in table.columns)
    con.execute(f"CREATE VIEW accepted.{table.name} AS SELECT {columns} FROM sorted.{table.name} WHERE ok")


def _leave(con: duckdb.DuckDBPyConnection, table: Table, present: Sequence[str], out: Path) -> None:
    write_quarantine(con, table, present, out / "quarantine" / f"{table.name}.parquet")
    create_repairs(con, table, present)
    write_repairs(con, table, out / "repairs" / f"{table.name}.parquet")


def summary_table(result: GateResult) -> list[list[str]]:
    """Rows for a terminal, the header first."""
    rows = [["表 table", "读入 in", "接受 accepted", "隔离 quarantined", "修复 repaired", "主要问题 faults"]]
    for name, counts in result.tables.items():
        worst = sorted(counts.by_fault.items(), key=lambda item: (-item[1], item[0]))[:3]
        faults = ", ".join(f"{code} {count}" for code, count in worst)
        cells = (counts.rows_in, counts.accepted, counts.quarantined, counts.repaired)
        rows.append([name, *map(str, cells), faults])
    return rows
