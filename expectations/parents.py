"""What rows refer to: the parents a row must have, those that take their rows along, those that are only looked at."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.survey import Check
from records.contract import Contract, Table
from records.source import count_rows, quoted

if TYPE_CHECKING:
    import duckdb


@cache
def relations() -> dict[str, Any]:
    """Relations beyond the contract's references (``parents.toml``)."""
    return tomllib.loads(Path(__file__).with_name("parents.toml").read_text(encoding="utf-8"))


def in_order(contract: Contract) -> list[Table]:
    """The tables of the contract, each after everything that its rows are held against."""
    needs: dict[str, set[str]] = {}
    for table in contract:
        named = {*relations()["owners"].get(table.name, {}).values(), *relations()["looked_up"].get(table.name, {}).values()}
        named = {relations()["gathered"].get(name, {"of": name})["of"] for name in named}
        needs[table.name] = named | {column.references for column in table.columns if column.references}
    return [contract[name] for name in TopologicalSorter(needs).static_order()]


def make_known(con: duckdb.DuckDBPyConnection, table: Table, *, supplied: bool) -> None:
    """Create view ``known.<table>``: a row a key, whether it was accepted (ok), and what children look at.

    Of a table that was not supplied nothing is known.
    """
    if len(table.key) == 1:
        columns = [table.key[0], *relations()["looked_at"].get(table.name, [])]
        chosen = ", ".join(quoted(name) for name in columns)
        if supplied:
            twins = count_rows(con, f"twin.{table.name}")
            single = f" WHERE _row NOT IN (SELECT _row FROM twin.{table.name} WHERE NOT lead)" if twins else ""
            rows = f"SELECT {chosen}, ok FROM sorted.{table.name}{single}"
        else:
            rows = f"SELECT {chosen}, true AS ok FROM accepted.{table.name}"
        con.execute(f"CREATE VIEW known.{table.name} AS {rows}")
    for name, entry in relations()["gathered"].items():
        if entry["of"] == table.name:
            key = quoted(entry["key"])
            rows = f"SELECT DISTINCT {key}, true AS ok FROM accepted.{table.name} WHERE {key} IS NOT NULL"
            con.execute(f"CREATE VIEW known.{name} AS {rows}")


class Parents:
    """The parents of one table: the checks they make and the joins (``of_<column>``) that conditions need.

    A nullable reference is no check: who is named there and unknown may be a lead, so it is noted and kept.
    A parent table that may be empty and is, cannot be checked against. Owners are parents without being
    references: a quarantined one takes its rows along, an unknown one does not.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, contract: Contract, table: Table) -> None:
        self.checks: list[Check] = []
        self._places: dict[str, tuple[str, str]] = {}
        for column in table.columns:
            if column.references is None:
                continue
            parent = contract[column.references]
            self._places[column.name] = (parent.name, parent.key[0])
            if column.nullable:
                continue
            lost = f"t.{quoted(column.name)} IS NOT NULL AND of_{column.name}.ok IS NULL"
            if not parent.may_be_empty or count_rows(con, f"known.{parent.name}"):
                self.checks.append((f"orphan:{column.name}", lost))
            if self._any_bad(con, parent.name):
                self.checks.append((f"parent_quarantined:{column.name}", f"NOT of_{column.name}.ok"))
        for name, owner in relations()["owners"].get(table.name, {}).items():
            self._places[name] = (owner, contract[owner].key[0])
            if self._any_bad(con, owner):
                self.checks.append((f"parent_quarantined:{name}", f"NOT of_{name}.ok"))
        for name, other in relations()["looked_up"].get(table.name, {}).items():
            key = relations()["gathered"][other]["key"] if other in relations()["gathered"] else contract[other].key[0]
            self._places[name] = (other, key)

    @staticmethod
    def _any_bad(con: duckdb.DuckDBPyConnection, parent: str) -> bool:
        """Whether a parent has any quarantined row; nothing is flagged of a table not supplied."""
        found = con.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'flagged' AND table_name = ?", [parent]
        ).fetchall()
        return bool(found[0][0]) and count_rows(con, f"flagged.{parent} WHERE len(marks) > 0") > 0

    def joins(self, conditions: Iterable[str]) -> str:
        """SQL: the joins that some condition needs."""
        used = {name for when in conditions for name in re.findall(r"\bof_(\w+)\.", when)}
        found = []
        for name, (place, key) in self._places.items():
            if name in used:
                found.append(f"LEFT JOIN known.{place} of_{name} ON of_{name}.{quoted(key)} = t.{quoted(name)}")
        return " ".join(found)
