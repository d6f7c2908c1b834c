"""Counts and money of each table, which must reconcile, and what they forbid or switch off."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.faults import codes, load_faults
from records.contract import Contract, Table
from records.periods import Quarter
from records.source import count_rows, quoted

if TYPE_CHECKING:
    import duckdb


@dataclass
class TableCounts:
    """A table through the gate: rows in = accepted + quarantined; ``by_fault`` counts rows by fault or note.

    ``money`` holds, for each column in yuan, its sums in, accepted and quarantined (text, exact); values that
    cannot be read as money count as nothing. ``by_severity`` counts the quarantined rows.
    """

    rows_in: int
    accepted: int
    quarantined: int
    repaired: int
    by_fault: dict[str, int] = field(default_factory=dict)
    by_severity: dict[str, int] = field(default_factory=dict)
    by_repair: dict[str, int] = field(default_factory=dict)
    money: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Counted:
    """What one look over the accepted rows of a table gives: its counts, and how many values each column has."""

    counts: TableCounts
    filled: dict[str, int]


def count_table(con: duckdb.DuckDBPyConnection, table: Table, rows_in: int) -> Counted:
    """Count a sorted table. Raises AssertionError when a row or a fen were lost."""
    accepted, filled, kept = _accepted(con, table)
    quarantined, by_fault = _quarantined(con, table)
    out = sum(quarantined.values())
    assert rows_in == accepted + out, f"{table.name}: {rows_in} rows in, {accepted} + {out} out"
    repairs = con.execute(f"SELECT repair_code, count(*) FROM repaired.{table.name} GROUP BY 1 ORDER BY 1").fetchall()
    mended = con.execute(f"SELECT count(DISTINCT _row) FROM repaired.{table.name}").fetchall()[0][0]
    counts = TableCounts(
        rows_in, accepted, out, int(mended), by_fault, quarantined,
        {str(code): int(count) for code, count in repairs}, _money(con, table, kept),
    )  # fmt: skip
    return Counted(counts, filled)


def _accepted(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[int, dict[str, int], dict[str, Decimal]]:
    """Accepted rows, values of each column, and sums of each column in yuan."""
    counts = [f"count({quoted(column.name)})" for column in table.columns]
    sums = [f"sum({quoted(name)})" for name in _in_yuan(table)]
    total, *found = con.execute(f"SELECT {', '.join(['count(*)', *counts, *sums])} FROM accepted.{table.name}").fetchall()[0]
    filled = {column.name: int(count) for column, count in zip(table.columns, found, strict=False)}
    kept = dict(zip(_in_yuan(table), found[len(counts) :], strict=True))
    return int(total), filled, {name: value or Decimal(0) for name, value in kept.items()}


def _quarantined(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[dict[str, int], dict[str, int]]:
    """Quarantined rows by severity and by fault."""
    by_severity: dict[str, int] = {}
    by_fault: dict[str, int] = {}
    found = con.execute(f"SELECT marks, count(*) FROM flagged.{table.name} WHERE len(marks) > 0 GROUP BY marks").fetchall()
    for marks, count in found:
        kind = "repaired" if marks == ["duplicate_identical"] else "quarantine"
        by_severity[kind] = by_severity.get(kind, 0) + int(count)
        for code in codes(marks):
            by_fault[code] = by_fault.get(code, 0) + int(count)
    unparsed = count_rows(con, f"raw.unparsed WHERE table_name = '{table.name}'")
    if unparsed:
        by_fault["unparsed"] = unparsed
        by_severity["quarantine"] = by_severity.get("quarantine", 0) + unparsed
    return dict(sorted(by_severity.items())), dict(sorted(by_fault.items()))


def _in_yuan(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.type == "decimal(16,2)" and column.unit == "yuan"]


def _money(con: duckdb.DuckDBPyConnection, table: Table, kept: dict[str, Decimal]) -> dict[str, dict[str, str]]:
    """Sums in, accepted and quarantined, each summed over its own rows, so that what is lost shows."""
    if not kept:
        return {}
    sums = ", ".join(f"sum({quoted(name)})" for name in kept)
    whole = con.execute(f"SELECT {sums} FROM sorted.{table.name}").fetchall()[0]
    out = con.execute(f"SELECT {sums} FROM sorted.{table.name} WHERE NOT ok").fetchall()[0]
    found = {}
    for (name, accepted), given, rest in zip(kept.items(), whole, out, strict=True):
        total, away = given or Decimal(0), rest or Decimal(0)
        assert total == accepted + away, f"{table.name}.{name}: {total} in, {accepted} + {away} out"
        found[name] = {"in": str(total), "accepted": str(accepted), "quarantined": str(away)}
    return found


def absent(table: Table, present: Sequence[str] | None, counted: Counted | None) -> list[dict[str, Any]]:
    """What of a table is switched off, and why: one entry for the table, or one a column."""
    if present is None or counted is None:
        return [_entry(table.name, f"未提供{table.zh}表", f"table {table.name} was not supplied")]
    if not counted.counts.accepted:
        return [_entry(table.name, f"{table.zh}表没有记录", f"table {table.name} has no accepted rows")]
    entries = []
    for column in table.columns:
        what = f"{table.name}.{column.name}"
        if column.name not in present:
            entries.append(_entry(what, f"未提供{column.zh}列", f"column {column.name} was not supplied"))
        elif not counted.filled[column.name]:
            entries.append(_entry(what, f"{column.zh}列全部为空", f"column {column.name} is empty throughout"))
    return entries


def _entry(what: str, zh: str, en: str) -> dict[str, Any]:
    return {"what": what, "why_zh": zh, "why_en": en}


def most_quarantined(quarter: Quarter) -> float:
    """The share of a needed table beyond which its quarantine stops a run, as in force for the quarter."""
    limits = tomllib.loads(Path(__file__).with_name("limits.toml").read_text(encoding="utf-8"))
    valid = [e for e in limits["most_quarantined"] if e["begins"] <= quarter.begin.date()]
    return float(max(valid, key=lambda entry: entry["begins"])["share"])


def blocking(contract: Contract, counts: dict[str, TableCounts], limit: float) -> list[dict[str, str]]:
    """What of whole tables nothing later may rest on: code and sentence (zh, en)."""
    found = []
    for table in contract:
        if not table.needed or table.name not in counts:
            continue
        count = counts[table.name]
        faulty = count.by_severity.get("quarantine", 0)
        if not count.rows_in and not table.may_be_empty:
            found.append(_sentence("table_empty", table))
        elif count.rows_in and not count.accepted:
            found.append(_sentence("nothing_accepted", table))
        elif faulty > limit * count.rows_in:
            found.append(_sentence("too_many_quarantined", table, f"{100 * faulty / count.rows_in:.0f} %"))
    return found


def _sentence(code: str, table: Table, share: str = "") -> dict[str, str]:
    fault = load_faults()[code]
    words = {"table": table.name, "zh": table.zh, "share": share}
    return {"code": code, "zh": fault.zh.format(**words), "en": fault.en.format(**words)}
