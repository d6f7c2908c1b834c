"""What is noted of accepted rows without keeping them out (``notes.toml``)."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.spelling import is_free_text
from records.contract import Table
from records.periods import Quarter
from records.source import quoted

if TYPE_CHECKING:
    import duckdb


@cache
def load_notes() -> dict[str, list[dict[str, str]]]:
    """Notes by table: code and its condition, or for what rows only show together, a query that counts them."""
    return tomllib.loads(Path(__file__).with_name("notes.toml").read_text(encoding="utf-8"))


def noted(table: Table, quarter: Quarter) -> list[tuple[str, str]]:
    """Notes a row of a table may have: the code and the SQL condition that makes it."""
    asked = [(note["code"], note["when"]) for note in load_notes().get(table.name, []) if "when" in note]
    end = f"TIMESTAMP '{quarter.end}'"
    return [(code, when.replace("$quarter_end", end)) for code, when in asked + _from_contract(table)]


def count_notes(con: duckdb.DuckDBPyConnection, table: Table, quarter: Quarter) -> dict[str, int]:
    """Accepted rows of a table by note; notes that no row has are left out."""
    found: Counter[str] = Counter()
    codes = [code for code, _ in noted(table, quarter)]
    if codes:
        counts = ", ".join(f"count(*) FILTER (noted & {1 << n} > 0)" for n in range(len(codes)))
        counted = con.execute(f"SELECT {counts} FROM flagged.{table.name} WHERE len(marks) = 0").fetchall()[0]
        for code, count in zip(codes, counted, strict=True):
            found[code] += int(count)
    for note in load_notes().get(table.name, []):
        if "count" in note:
            found[note["code"]] += int(con.execute(note["count"]).fetchall()[0][0])
    return {code: count for code, count in sorted(found.items()) if count}


def _from_contract(table: Table) -> list[tuple[str, str]]:
    """Notes that follow from columns: nullable references to nothing accepted, texts beyond their length."""
    notes = []
    for column in table.columns:
        name = f"t.{quoted(column.name)}"
        if column.references is not None and column.nullable:
            notes.append(("reference_unknown", f"{name} IS NOT NULL AND of_{column.name}.ok IS NOT TRUE"))
        if is_free_text(column):
            notes.append(("long_text", f"length({name}) > {column.length}"))
    return notes
