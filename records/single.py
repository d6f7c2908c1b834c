"""The as-of tables of one person's few rows, and queries over them, for a check before anything is settled for good.

The same SQL that makes the tables of a quarter, said for SQLite in memory (``records.lite``): what takes DuckDB a fifth of
a second for so few rows takes SQLite some milliseconds. What the SQL says and SQLite cannot is refused when it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.asof import connect as duckdb_connection
from records.asof import create_frequency
from records.contract import load_contract
from records.lite.database import Inlet, connect, create, ways_out
from records.lite.scope import Columns
from records.lite.script import Made, Script
from records.lite.types import INT, TEXT, TIME, decimal, parse
from records.periods import Quarter
from records.snapshot import ROWS
from records.source import quoted

if TYPE_CHECKING:
    import duckdb

_SQL = Path(__file__).parent / "sql"
#: What belongs to a person though it does not name one.
_OWN = {
    "fee_line": "feedetl_sn IN (SELECT feedetl_sn FROM own_line)",
    "drug_trace": "feedetl_sn IN (SELECT feedetl_sn FROM own_line)",
    "prescription_line": "rxno IN (SELECT rxno FROM own_rx)",
    "diagnosis": "mdtrt_id IN (SELECT mdtrt_id FROM own_setl UNION SELECT mdtrt_id FROM own_rx)",
    "drug": "med_list_codg IN (SELECT hilist_code FROM whole.fee_line SEMI JOIN own_line USING (feedetl_sn) "
    "UNION SELECT med_list_codg FROM whole.prescription_line SEMI JOIN own_rx USING (rxno))",
    "institution": "fixmedins_code IN (SELECT fixmedins_code FROM whole.settlement WHERE psn_no = $psn "
    "UNION SELECT fixmedins_code FROM whole.prescription WHERE psn_no = $psn)",
    "practitioner": "dr_codg IN (SELECT dr_codg FROM whole.prescription WHERE psn_no = $psn "
    "UNION SELECT bilg_dr_codg FROM whole.fee_line SEMI JOIN own_line USING (feedetl_sn))",
    "past_verdict": "FALSE",
    "past_finding": "FALSE",
}
_FIXED: dict[str, Columns] = {
    "period": {"quarter": TEXT, "begin": TIME, "end": TIME, "as_of": TIME},
    "frequency": {"used_frqu_codg": TEXT, "per_day": decimal(12, 6)},
}
Given = Mapping[str, Sequence[Mapping[str, Any]]]


def rows_of_person(con: duckdb.DuckDBPyConnection, psn_no: str) -> Given:
    """All that schema ``whole`` of a connection holds of one person, and what it names of drugs, doctors and places."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE own_setl AS SELECT setl_id, mdtrt_id FROM whole.settlement WHERE psn_no = ?", [psn_no]
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE own_rx AS SELECT rxno, mdtrt_id FROM whole.prescription WHERE psn_no = ?", [psn_no]
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE own_line AS SELECT feedetl_sn FROM whole.fee_line SEMI JOIN own_setl USING (setl_id)"
    )
    found = {}
    for table in load_contract():
        where = _OWN.get(table.name) or ("psn_no = $psn" if any(c.name == "psn_no" for c in table.columns) else None)
        if where is None:
            continue
        columns = ", ".join(quoted(column.name) for column in table.columns)
        rows = con.execute(
            f"SELECT {columns} FROM whole.{table.name} WHERE {where}", {"psn": psn_no} if "$psn" in where else None
        )
        found[table.name] = [dict(zip((c.name for c in table.columns), row, strict=True)) for row in rows.fetchall()]
    return found


class OnePerson:
    """Tables of one person's rows as of a quarter, and the queries that are asked of them.

    ``texts`` are further tables, of text columns: their names, columns and rows. ``macros`` are DuckDB's CREATE MACRO.
    Queries come with their parameters. Raises records.lite.types.Unsaid for SQL that cannot be said with the same meaning.
    Not to be shared between threads.
    """

    def __init__(
        self,
        quarter: Quarter,
        texts: Iterable[tuple[str, Sequence[str], Sequence[Sequence[str | None]]]],
        macros: str,
        queries: Iterable[tuple[str, Mapping[str, Any]]],
    ) -> None:
        self._con = connect()
        known = {name: (dict.fromkeys(columns, TEXT), _named(columns, rows)) for name, columns, rows in texts}
        moments = {"quarter": str(quarter), "begin": quarter.begin, "end": quarter.as_of, "as_of": quarter.as_of}
        known |= {"period": (_FIXED["period"], [moments]), "frequency": (_FIXED["frequency"], _frequency())}
        script = as_of_script({name: columns for name, (columns, _) in known.items()})
        script.run(macros)
        self._queries = [script.query(sql, parameters) for sql, parameters in queries]
        self._outlets = [ways_out(query.columns) for query in self._queries]
        for name, (columns, rows) in known.items():
            create(self._con, name, columns)
            Inlet(name, columns).put(self._con, rows)
        made, read = script.made_for(self._queries)
        self._create({name: _some(columns, read[name]) for name, columns in _whole().items() if name in read}, made)

    def _create(self, whole: dict[str, Columns], made: list[Made]) -> None:
        """Tables to be filled with each person's rows; what rests on no row of any person is filled for good."""
        self._inlets = {name.removeprefix("whole_"): Inlet(name, columns) for name, columns in whole.items()}
        for name, columns in whole.items():
            create(self._con, name, columns)
        changing = set(whole)
        self._fills = []
        for table in made:
            create(self._con, table.name, table.columns)
            if changing & set(table.read):
                changing.add(table.name)
                self._fills.append(table.fill)
            else:
                self._con.execute(table.fill)

    def ask(self, given: Given) -> list[dict[str, Any]]:
        """The rows of all queries, of a person's rows by the contract's tables and columns; what is absent is null.

        Dates, times and decimals may be text. Raises ArithmeticError, ValueError or TypeError for a value that is not of its
        column's type, sqlite3.Error for what becomes too large or is no number later. Nothing of the person is kept.
        """
        self._con.execute("BEGIN")
        try:
            return self._found(given)
        finally:
            self._con.execute("ROLLBACK")

    def _found(self, given: Given) -> list[dict[str, Any]]:
        for name, inlet in self._inlets.items():
            if given.get(name):
                inlet.put(self._con, _placed(name, given[name]))
        for statement in self._fills:
            self._con.execute(statement)
        found = []
        for query, ways in zip(self._queries, self._outlets, strict=True):
            for row in self._con.execute(query.text):
                found.append({name: way(value) for name, way, value in zip(query.columns, ways, row, strict=True)})
        return found


def as_of_script(more: Mapping[str, Columns]) -> Script:
    """The as-of tables of ``records/sql`` over the contract's and ``more`` tables, said for SQLite."""
    script = Script({**_whole(), **_FIXED, **more})
    for name in ("visible", "keys", "net", "objects", "wide", "past", "history"):
        script.run((_SQL / f"{name}.sql").read_text(encoding="utf-8"))
    return script


def _some(columns: Columns, names: set[str]) -> Columns:
    """Those of a table's columns; one of them where only its rows are counted."""
    return {name: kind for name, kind in columns.items() if name in names} or dict(list(columns.items())[:1])


def _whole() -> dict[str, Columns]:
    """The contract's tables under the names that schema ``whole`` has here, with the row's place where there is one."""
    tables: dict[str, Columns] = {}
    for table in load_contract():
        columns = {column.name: parse(column.duckdb_type) for column in table.columns}
        place = {ROWS[table.name][1]: INT} if table.name in ROWS else {}
        tables[f"whole_{table.name}"] = {**columns, **place}
    return tables


def _placed(name: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Rows with their place in the order of their key, where the table has one."""
    if name not in ROWS:
        return rows
    key, number = ROWS[name]
    ordered = sorted(rows, key=lambda row: (row.get(key) is None, row.get(key) or ""))
    return [{**row, number: place} for place, row in enumerate(ordered)]


def _named(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _frequency() -> list[dict[str, Any]]:
    """Doses a day by code, as DuckDB computes them."""
    con = duckdb_connection(1, "1GB")
    create_frequency(con)
    return _named(
        ["used_frqu_codg", "per_day"], con.execute("SELECT used_frqu_codg, per_day FROM frequency ORDER BY ALL").fetchall()
    )
