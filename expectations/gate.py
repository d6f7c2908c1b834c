"""The gate: every supplied row is accepted, or quarantined with its reasons; nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.counting import TableCounts, absent, blocking, count_table, most_quarantined
from expectations.frames import Gathered
from expectations.leavings import create_repairs, write_quarantine, write_repairs
from expectations.notes import count_notes
from expectations.parents import in_order, make_known
from expectations.reading import Reading
from expectations.refunds import sort_refunds
from expectations.sorting import show_absent, show_sorted, sort_rows
from records.contract import Contract, Table
from records.periods import Quarter
from records.readers import reading
from records.source import SourceReport

if TYPE_CHECKING:
    import duckdb

_LOG = logging.getLogger(__name__)
Say = Callable[[str], None]
_SCHEMAS = ("twin", "flagged", "known", "repaired", "sorted", "accepted")

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
    con: duckdb.DuckDBPyConnection, report: SourceReport, contract: Contract, quarter: Quarter, out: Path, say: Say = _LOG.info
) -> GateResult:
    """Sort all rows of schema ``raw`` into schema ``accepted`` (typed, every contract column) and quarantine.

    Tables that were not supplied are empty in ``accepted``. Writes quarantine/, repairs/, data_docs/, failed/ and
    gate_report.json and .html into ``out``. ``say`` hears of each step. Raises AssertionError if a row or a fen were lost.
    """
    from expectations.report import write_report
    from expectations.suites import load_suites, run_suites

    result = sort_tables(con, report, contract, quarter, out, say)
    say("整表要求 suites")
    given = Gathered(con, contract, report, quarter)
    result.suites = run_suites(given, result.tables, out)
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
    say("报告 report")
    write_report(given, result, out)
    return result


def sort_tables(
    con: duckdb.DuckDBPyConnection, report: SourceReport, contract: Contract, quarter: Quarter, out: Path, say: Say = _LOG.info
) -> GateResult:
    """The gate without its suites and its report: rows sorted, written and counted."""
    for schema in _SCHEMAS:
        con.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        con.execute(f"CREATE SCHEMA {schema}")
    _clear(out)
    result, readings = GateResult(), {}
    for table in in_order(contract):
        if table.name in report.tables:
            say(f"分拣 sorting {table.name}")
            readings[table.name] = _sort(con, contract, table, report, quarter)
        else:
            show_absent(con, table)
        make_known(con, table, supplied=table.name in readings)
    for table in contract:
        source = report.tables.get(table.name)
        if source is not None:
            say(f"统计 counting {table.name}")
            rows = readings[table.name]
            write_quarantine(con, rows, out / "quarantine" / f"{table.name}.parquet")
            create_repairs(con, rows, source)
            write_repairs(con, table, out / "repairs" / f"{table.name}.parquet")
            counted = count_table(con, table, source.rows)
            counted.counts.by_fault |= count_notes(con, table, quarter)
            result.tables[table.name] = counted.counts
            result.switched_off += absent(table, source.columns_present, counted)
        else:
            result.switched_off += absent(table, None, None)
    for sentence in blocking(contract, result.tables, most_quarantined(quarter)):
        result.block(sentence["zh"], sentence["en"])
    return result


def _clear(out: Path) -> None:
    """Take away what an earlier check left of tables that may not be supplied any more."""
    for path in [*out.glob("quarantine/*.parquet"), *out.glob("repairs/*.parquet")]:
        path.unlink()


def _sort(con: duckdb.DuckDBPyConnection, contract: Contract, table: Table, report: SourceReport, quarter: Quarter) -> Reading:
    """Flag the rows of a supplied table and show the good ones. Raises UnreadableFile for a damaged file."""
    source = report.tables[table.name]
    with reading(source.files[0]):
        rows = sort_rows(con, contract, table, source, quarter)
    if table.name == "settlement":
        sort_refunds(con, rows)
    show_sorted(con, rows)
    return rows


def summary_table(result: GateResult) -> list[list[str]]:
    """Rows for a terminal, the header first."""
    rows = [["表 table", "读入 in", "接受 accepted", "隔离 quarantined", "修复 repaired", "主要问题 faults"]]
    for name, counts in result.tables.items():
        worst = sorted(counts.by_fault.items(), key=lambda item: (-item[1], item[0]))[:3]
        faults = ", ".join(f"{code} {count}" for code, count in worst)
        cells = (counts.rows_in, counts.accepted, counts.quarantined, counts.repaired)
        rows.append([name, *map(str, cells), faults])
    return rows
