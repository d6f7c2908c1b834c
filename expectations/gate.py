"""The gate: every supplied row is accepted, or quarantined with its reasons; nothing is lost."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.sorting import sort_rows, stage
from records.contract import Contract, Table
from records.output import write_parquet
from records.periods import Quarter
from records.readers import SourceReport, count_rows, quoted

if TYPE_CHECKING:
    import duckdb

_HERE = Path(__file__).parent
#: More than this share of a needed table in quarantine means that the extract is wrong, not its rows.
MOST_QUARANTINED = 0.5


@dataclass(frozen=True)
class Fault:
    """A kind of fault: its severity and its sentence in both languages."""

    code: str
    severity: str
    zh: str
    en: str


@dataclass
class TableCounts:
    """Rows of a table through the gate, and how often each fault was found."""

    rows_in: int
    accepted: int
    quarantined: int
    repaired: int
    by_fault: dict[str, int] = field(default_factory=dict)
    money: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class GateResult:
    """What came through, what did not, what is absent, and what stops a run."""

    tables: dict[str, TableCounts] = field(default_factory=dict)
    blocking: list[str] = field(default_factory=list)
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    suites: list[dict[str, Any]] = field(default_factory=list)


@cache
def load_faults() -> dict[str, Fault]:
    """All kinds of faults, by code."""
    entries = tomllib.loads((_HERE / "faults.toml").read_text(encoding="utf-8"))
    return {code: Fault(code, **entry) for code, entry in entries.items()}


def run_gate(
    con: duckdb.DuckDBPyConnection, report: SourceReport, contract: Contract, quarter: Quarter, out: Path
) -> GateResult:
    """Sort all rows of schema ``raw`` into schema ``accepted`` (typed, every contract column) and quarantine.

    Writes quarantine/, repairs/, data_docs/ and the report into ``out``. ``blocking`` holds a sentence for
    whatever nothing later may rest on. Raises AssertionError if a row were lost.
    """
    from expectations.report import write_report
    from expectations.suites import run_suites

    for schema in ("staged", "sorted", "known", "accepted"):
        con.execute(f"CREATE SCHEMA {schema}")
    _create_fault_table(con)
    result = GateResult()
    for table in contract:
        source = report.tables.get(table.name)
        _sort_table(con, contract, table, source.columns_present if source else None)
    for table in contract:
        source = report.tables.get(table.name)
        if source is not None:
            _write_table(con, table, out)
            result.tables[table.name] = _count(con, table, source.rows)
        result.switched_off += _absent(con, table, source.columns_present if source else None)
    result.blocking = _blocking(contract, result)
    if not result.blocking:
        result.suites = run_suites(con, quarter, out)
        result.blocking = [suite["sentence"] for suite in result.suites if suite["blocks"]]
    write_report(con, result, quarter, out)
    return result


def _create_fault_table(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE fault (code VARCHAR, severity VARCHAR, words VARCHAR)")
    for fault in load_faults().values():
        con.execute(
            "INSERT INTO fault VALUES (?, ?, ?)", [fault.code, fault.severity, f"{fault.zh} {fault.en}"]
        )


def _sort_table(
    con: duckdb.DuckDBPyConnection, contract: Contract, table: Table, present: Sequence[str] | None
) -> None:
    if present is None:
        columns = ", ".join(f"{quoted(c.name)} {c.duckdb_type}" for c in table.columns)
        con.execute(f"CREATE TABLE accepted.{table.name} ({columns})")
        if len(table.key) == 1:
            con.execute(f"CREATE TABLE known.{table.name} ({quoted(table.key[0])} VARCHAR, ok BOOLEAN)")
        return
    stage(con, table, list(present))
    sort_rows(con, contract, table)
    columns = ", ".join(quoted(c.name) for c in table.columns)
    con.execute(
        f"CREATE TABLE accepted.{table.name} AS SELECT {columns} FROM sorted.{table.name} WHERE len(faults) = 0"
    )


def _write_table(con: duckdb.DuckDBPyConnection, table: Table, out: Path) -> None:
    raw = [f"{quoted('r_' + c.name)} AS {quoted(c.name)}" for c in table.columns]
    order = [f"{quoted(name)} NULLS FIRST" for name in table.order]
    empty = [f"NULL AS {quoted(c.name)}" for c in table.columns[1:]]
    first = quoted(table.columns[0].name)
    rows = (
        f"SELECT {', '.join(raw)}, faults FROM sorted.{table.name} WHERE len(faults) > 0 UNION ALL "
        f"SELECT text AS {first}, {', '.join(empty)}, ['unparsed'] FROM raw.unparsed "
        f"WHERE table_name = '{table.name}'"
    )
    words = "(SELECT string_agg(words, '; ' ORDER BY code) FROM fault WHERE list_contains(faults, code))"
    worst = "(SELECT min(severity) FROM fault WHERE list_contains(faults, code))"
    write_parquet(
        con,
        f"SELECT * EXCLUDE (faults), array_to_string(faults, ' ') AS fault_codes, {words} AS fault_text, "
        f"{worst} AS severity FROM ({rows})",
        out / "quarantine" / f"{table.name}.parquet",
        [*order, "fault_codes"],
    )
    write_parquet(
        con, _repairs(table), out / "repairs" / f"{table.name}.parquet", ["key", "column_name", "before"]
    )


def _repairs(table: Table) -> str:
    key = "concat_ws('|', " + ", ".join(quoted("m_" + name) for name in (table.key or table.order)) + ")"
    parts = []
    for column in table.columns:
        r, c, m = (quoted(prefix + column.name) for prefix in ("r_", "c_", "m_"))
        kind = (
            f"CASE WHEN {m} IS NULL THEN 'null_word' WHEN {m} <> {c} THEN 'spelling' "
            f"WHEN trim({r}) = {m} THEN 'blanks' ELSE 'width' END"
        )
        parts.append(
            f"SELECT {key} AS key, '{column.name}' AS column_name, {r} AS before, {m} AS after, {kind} AS repair "
            f"FROM sorted.{table.name} WHERE {r} <> '' AND {r} IS DISTINCT FROM {m} AND len(faults) = 0"
        )
    return " UNION ALL ".join(parts)


def _count(con: duckdb.DuckDBPyConnection, table: Table, rows_in: int) -> TableCounts:
    accepted = count_rows(con, f"accepted.{table.name}")
    unparsed = count_rows(con, f"raw.unparsed WHERE table_name = '{table.name}'")
    quarantined = count_rows(con, f"sorted.{table.name} WHERE len(faults) > 0") + unparsed
    assert rows_in == accepted + quarantined, f"{table.name}: {rows_in} in, {accepted} + {quarantined} out"
    faults = con.execute(
        f"SELECT code, count(*) FROM (SELECT unnest(faults || notes) AS code FROM sorted.{table.name}) "
        "GROUP BY code ORDER BY code"
    ).fetchall()
    by_fault = {str(code): int(count) for code, count in faults}
    if unparsed:
        by_fault["unparsed"] = unparsed
    repaired = con.execute(f"SELECT count(DISTINCT key) FROM ({_repairs(table)})").fetchall()[0][0]
    return TableCounts(rows_in, accepted, quarantined, int(repaired), by_fault, _money(con, table))


def _money(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, dict[str, str]]:
    """Sums of each money column: in, accepted, quarantined; rows whose amount is unreadable count as nothing."""
    columns = [c.name for c in table.columns if c.type == "decimal(16,2)" and c.unit == "yuan"]
    found = {}
    for name in columns:
        total, kept = con.execute(
            f"SELECT sum({quoted(name)}), sum({quoted(name)}) FILTER (len(faults) = 0) FROM sorted.{table.name}"
        ).fetchall()[0]
        total, kept = total or 0, kept or 0
        found[name] = {"in": str(total), "accepted": str(kept), "quarantined": str(total - kept)}
    return found


def _absent(
    con: duckdb.DuckDBPyConnection, table: Table, present: Sequence[str] | None
) -> list[dict[str, Any]]:
    if present is None:
        zh, en = f"未提供{table.zh}表", f"table {table.name} was not supplied"
        return [{"what": table.name, "why_zh": zh, "why_en": en}]
    missing = [c for c in table.columns if c.nullable and c.name not in present]
    return [
        {
            "what": f"{table.name}.{column.name}",
            "why_zh": f"未提供{column.zh}列",
            "why_en": f"column {column.name} was not supplied",
        }
        for column in missing
    ]


def _blocking(contract: Contract, result: GateResult) -> list[str]:
    found = []
    for table in contract:
        counts = result.tables.get(table.name)
        if counts is None or not table.needed:
            continue
        if not counts.accepted and (counts.rows_in or not table.may_be_empty):
            found.append(f"No row of table {table.name} was accepted: see its quarantine and send it again.")
        elif counts.rows_in and counts.quarantined > MOST_QUARANTINED * counts.rows_in:
            share = 100 * counts.quarantined / counts.rows_in
            found.append(f"{share:.0f} % of table {table.name} was quarantined: the extract itself is wrong.")
    return found


def summary_table(result: GateResult) -> list[list[str]]:
    """Rows for a terminal, the header first."""
    rows = [["表 table", "读入 in", "接受 accepted", "隔离 quarantined", "修复 repaired", "主要问题 faults"]]
    for name, counts in result.tables.items():
        worst = sorted(counts.by_fault.items(), key=lambda item: (-item[1], item[0]))[:3]
        faults = ", ".join(f"{code} {count}" for code, count in worst)
        cells = (counts.rows_in, counts.accepted, counts.quarantined, counts.repaired)
        rows.append([name, *map(str, cells), faults])
    return rows
