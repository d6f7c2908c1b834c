"""Small drawn tables as an as-of connection: what is not drawn is filled in as an ordinary lawful visit.

A scenario begins with ``## [kind] title``; what stands before the first one holds for all of a file. Each table
has its name and columns: a short word of ``SHORT`` or a column of the contract. ``-`` is a missing value, ``~`` a
space, a day without a year is of 2026; ``quarter 2021Q3`` chooses another quarter; the table ``parameter`` stands
in for the numbers of the rule; ``=>`` lists the subjects of the findings expected, in order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from records.asof import connect, open_asof
from records.contract import load_contract
from records.periods import Quarter
from records.readers import SourceReport, TableSource
from records.snapshot import Snapshot, write_snapshot
from tests.basis.drawn_rows import Drawing, Row

QUARTER = "2026Q3"
WORDS = (
    "rx", "line", "item", "stay", "prescribed", "diag", "person", "doctor", "place", "opsp", "trace", "visits", "stock",
    "service", "drug", "parameter",
)  # fmt: skip
_KIND = re.compile(r"^\[(\w+)\] ")


@dataclass(frozen=True)
class Scenario:
    """``kind``: violation, kept (just not), exception, refund, missing or dated."""

    title: str
    tables: dict[str, list[Row]]
    expected: list[str]
    quarter: str = QUARTER
    kind: str = ""

    @property
    def parameters(self) -> list[Row]:
        """Numbers in the place of those of the rule."""
        return self.tables.get("parameter", [])


def read(path: Path) -> list[Scenario]:
    """The scenarios of a specification."""
    shared, *blocks = path.read_text(encoding="utf-8").split("## ")
    common, _, _ = _tables(shared.splitlines())
    found = []
    for block in blocks:
        title, *lines = block.strip().splitlines()
        tables, expected, quarter = _tables(lines)
        assert expected is not None, f"{path.name}: {title} says nothing of what is expected"
        kind = _KIND.match(title)
        tables = {name: [*common.get(name, []), *tables.get(name, [])] for name in {**common, **tables}}
        found.append(Scenario(_KIND.sub("", title), tables, expected, quarter, kind[1] if kind else ""))
    assert len(found) >= 2, f"{path.name} needs a violation and a just-not"
    return found


def _tables(lines: Sequence[str]) -> tuple[dict[str, list[Row]], list[str] | None, str]:
    tables: dict[str, list[Row]] = {}
    header: list[str] = []
    expected, quarter = None, QUARTER
    for line in lines:
        cells = line.split()
        if line.startswith("=>"):
            expected = cells[1:]
        elif cells and cells[0] == "quarter":
            quarter = cells[1]
        elif cells and cells[0] in WORDS:
            header = cells
            tables.setdefault(cells[0], [])
        elif cells:
            values = [None if cell == "-" else cell.replace("~", " ") for cell in cells]
            tables[header[0]].append(dict(zip(header, values, strict=True)))
    return tables, expected, quarter


def open_scenario(scenario: Scenario, folder: Path) -> tuple[duckdb.DuckDBPyConnection, Snapshot]:
    """A scenario alone, under the codes that it writes."""
    return open_scenarios([scenario], folder, [""])


def open_scenarios(
    scenarios: Sequence[Scenario], folder: Path, prefixes: Sequence[str]
) -> tuple[duckdb.DuckDBPyConnection, Snapshot]:
    """Scenarios of one quarter side by side, the codes of each under a prefix of its own: strangers to each other."""
    drawn = [Drawing(scenario.tables, prefix).build() for scenario, prefix in zip(scenarios, prefixes, strict=True)]
    snapshot = snapshot_of(drawn, folder)
    return open_asof(snapshot, Quarter.parse(scenarios[0].quarter), threads=1), snapshot


def snapshot_of(drawn: Sequence[dict[str, list[Row]]], folder: Path) -> Snapshot:
    """Rows by table, one or several lots of them, as a snapshot."""
    con, report = connect(), SourceReport()
    con.execute("CREATE SCHEMA accepted")
    for table in load_contract():
        rows = [row for each in drawn for row in each[table.name]]
        _create(con, f"accepted.{table.name}", {c.name: c.duckdb_type for c in table.columns}, rows)
        if rows or table.needed:
            report.tables[table.name] = TableSource([], columns_present=[column.name for column in table.columns])
    return write_snapshot(con, load_contract(), folder, report)


def _create(con: duckdb.DuckDBPyConnection, name: str, types: dict[str, str], rows: list[Row]) -> None:
    import pyarrow as pa

    told = [{column: None if row.get(column) is None else str(row[column]) for column in types} for row in rows]
    schema = pa.schema([(column, pa.string()) for column in types])
    con.register("told", pa.Table.from_pylist(told, schema))
    chosen = ", ".join(f"{column}::{kind} AS {column}" for column, kind in types.items())
    con.execute(f"CREATE TABLE {name} AS SELECT {chosen} FROM told")
    con.unregister("told")
