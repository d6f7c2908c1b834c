"""What is noted of accepted rows without keeping them out: counts for the report (``notes.toml``)."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.spelling import is_free_text
from records.contract import Contract, Table
from records.periods import Quarter
from records.readers import quoted

if TYPE_CHECKING:
    import duckdb


@cache
def load_notes() -> dict[str, list[dict[str, str]]]:
    """Notes by table: code, the joins it needs and its condition."""
    return tomllib.loads(Path(__file__).with_name("notes.toml").read_text(encoding="utf-8"))


def count_notes(con: duckdb.DuckDBPyConnection, contract: Contract, table: Table, quarter: Quarter) -> dict[str, int]:
    """Accepted rows of a table by note; notes that no row has are left out."""
    found: Counter[str] = Counter()
    asked = [(n["code"], n.get("join", ""), n["when"]) for n in load_notes().get(table.name, [])]
    for code, join, when in asked + _from_contract(contract, table):
        condition = when.replace("$quarter_end", f"TIMESTAMP '{quarter.end}'")
        counted = con.execute(f"SELECT count(*) FROM accepted.{table.name} t {join} WHERE {condition}")
        found[code] += int(counted.fetchall()[0][0])
    return {code: count for code, count in sorted(found.items()) if count}


def _from_contract(contract: Contract, table: Table) -> list[tuple[str, str, str]]:
    """Notes that follow from columns: nullable references to nothing, texts beyond their length."""
    notes = []
    for column in table.columns:
        name = f"t.{quoted(column.name)}"
        if column.references is not None and column.nullable:
            key = quoted(contract[column.references].key[0])
            join = f"LEFT JOIN accepted.{column.references} p ON p.{key} = {name}"
            notes.append(("reference_unknown", join, f"{name} IS NOT NULL AND p.{key} IS NULL"))
        if is_free_text(column):
            notes.append(("long_text", "", f"length({name}) > {column.length}"))
    return notes
