"""The as-of tables of one person's few rows as one statement, for a check before anything is settled for good.

The same SQL that makes the tables of a quarter, each statement a common table expression instead of a table. The rows
come as JSON text in the parameter ``given``: ``{"fee_line": [{column: value, ...}, ...], ...}`` by the contract's tables
and columns; what is absent is null. The statement reads no table: DuckDB plans one that does anew each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.asof import create_frequency
from records.contract import Table, load_contract
from records.periods import Quarter
from records.snapshot import ROWS
from records.source import literal, quoted

if TYPE_CHECKING:
    import duckdb

_SQL = Path(__file__).parent / "sql"
_CREATED = re.compile(r"CREATE (?:TEMP )?(?:TABLE|VIEW) (\w+) AS\s+(.*)", re.DOTALL)
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
Given = Mapping[str, Sequence[Mapping[str, Any]]]


def single_ctes(con: duckdb.DuckDBPyConnection, quarter: Quarter) -> list[str]:
    """``name AS (query)`` of every table, in the order in which one needs another; the macros are made on ``con``."""
    moments = (
        f"TIMESTAMP '{quarter.begin}' AS begin, TIMESTAMP '{quarter.as_of}' AS \"end\", TIMESTAMP '{quarter.as_of}' AS as_of"
    )
    # The parameter stands once: where it stands twice, DuckDB plans the statement anew each time.
    parts = ["given_rows AS MATERIALIZED (SELECT $given::VARCHAR::JSON AS j)"]
    parts += [f"period AS (SELECT '{quarter}' AS quarter, {moments})", _frequency(con)]
    parts += [_of_json(table) for table in load_contract()]
    for statement in _statements():
        made = _CREATED.fullmatch(statement)
        if made is not None:
            parts.append(f"{made[1]} AS ({re.sub(r'whole[.]', 'whole_', made[2])})")
        elif statement.startswith("CREATE MACRO"):
            con.execute(statement)
    return parts


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


def as_json(given: Given) -> str:
    """Rows as the parameter has them; dates, times and decimals as text."""
    return json.dumps(given, default=str, ensure_ascii=False)


def _statements() -> Iterable[str]:
    for name in ("visible", "keys", "net", "objects", "wide", "past", "history"):
        text = re.sub(r"--[^\n]*", "", (_SQL / f"{name}.sql").read_text(encoding="utf-8"))
        yield from (part.strip() for part in text.split(";") if part.strip())


def _of_json(table: Table) -> str:
    """A table of the contract out of the JSON, its rows in the order of the key, with their place where they have one."""
    shape = json.dumps([{column.name: column.duckdb_type for column in table.columns}])
    place = ""
    if table.name in ROWS:
        key, number = ROWS[table.name]
        place = f", CAST(row_number() OVER (ORDER BY r.{key}) - 1 AS INTEGER) AS {number}"
    columns = ", ".join(f"r.{quoted(column.name)}" for column in table.columns)
    rows = f"SELECT unnest(from_json(json_extract(j, '$.{table.name}'), '{shape}')) AS r FROM given_rows"
    return f"whole_{table.name} AS (SELECT {columns}{place} FROM ({rows}) AS apart)"


def _frequency(con: duckdb.DuckDBPyConnection) -> str:
    create_frequency(con)
    rows = con.execute("SELECT used_frqu_codg, per_day::VARCHAR FROM frequency ORDER BY ALL").fetchall()
    con.execute("DROP TABLE frequency")
    codes = ", ".join(f"({literal(code)}, CAST({per_day} AS DECIMAL(12, 6)))" for code, per_day in rows)
    return f"frequency AS (SELECT * FROM (VALUES {codes}) AS f(used_frqu_codg, per_day))"
