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
from records.readers import count_rows, quoted

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


def count_table(con: duckdb.DuckDBPyConnection, table: Table, rows_in: int) -> TableCounts:
    """Count a sorted table. Raises AssertionError when a row or a fen were lost."""
    accepted = count_rows(con, f"accepted.{table.name}")
    quarantined = {
        str(kind): int(count)
        for kind, count in con.execute(
            "SELECT CASE WHEN marks = ['duplicate_identical'] THEN 'repaired' ELSE 'quarantine' END, "
            f"count(*) FROM sorted.{table.name} WHERE NOT ok GROUP BY 1 ORDER BY 1"
        ).fetchall()
    }
    by_fault: dict[str, int] = {}
    for marks, count in con.execute(f"SELECT marks, count(*) FROM sorted.{table.name} WHERE NOT ok GROUP BY marks").fetchall():
        for code in codes(marks):
            by_fault[code] = by_fault.get(code, 0) + int(count)
    unparsed = count_rows(con, f"raw.unparsed WHERE table_name = '{table.name}'")
    if unparsed:
        by_fault["unparsed"] = unparsed
        quarantined["quarantine"] = quarantined.get("quarantine", 0) + unparsed
    out = sum(quarantined.values())
    assert rows_in == accepted + out, f"{table.name}: {rows_in} rows in, {accepted} + {out} out"
    repairs = con.execute(f"SELECT repair_code, count(*) FROM repaired.{table.name} GROUP BY 1 ORDER BY 1").fetchall()
    mended = con.execute(f"SELECT count(DISTINCT _row) FROM repaired.{table.name}").fetchall()[0][0]
    return TableCounts(
        rows_in, accepted, out, int(mended), dict(sorted(by_fault.items())), quarantined,
        {str(code): int(count) for code, count in repairs}, _money(con, table),
    )  # fmt: skip


def _money(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, dict[str, str]]:
    found = {}
    for column in table.columns:
        if column.type != "decimal(16,2)" or column.unit != "yuan":
            continue
        name = quoted(column.name)
        whole = con.execute(f"SELECT sum({name}) FROM sorted.{table.name}").fetchall()[0][0] or Decimal(0)
        kept = con.execute(f"SELECT sum({name}) FROM accepted.{table.name}").fetchall()[0][0] or Decimal(0)
        out = con.execute(f"SELECT sum({name}) FROM sorted.{table.name} WHERE NOT ok").fetchall()[0][0]
        out = out or Decimal(0)
        assert whole == kept + out, f"{table.name}.{column.name}: {whole} in, {kept} + {out} out"
        found[column.name] = {"in": str(whole), "accepted": str(kept), "quarantined": str(out)}
    return found


def absent(con: duckdb.DuckDBPyConnection, table: Table, present: Sequence[str] | None) -> list[dict[str, Any]]:
    """What of a table is switched off, and why: one entry for the table, or one a column."""
    if present is None:
        return [_entry(table.name, f"未提供{table.zh}表", f"table {table.name} was not supplied")]
    counts = ", ".join(f"count({quoted(column.name)})" for column in table.columns)
    total, *filled = con.execute(f"SELECT count(*), {counts} FROM accepted.{table.name}").fetchall()[0]
    if not total:
        return [_entry(table.name, f"{table.zh}表没有记录", f"table {table.name} has no accepted rows")]
    entries = []
    for column, values in zip(table.columns, filled, strict=True):
        what = f"{table.name}.{column.name}"
        if column.name not in present:
            entries.append(_entry(what, f"未提供{column.zh}列", f"column {column.name} was not supplied"))
        elif not values:
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
