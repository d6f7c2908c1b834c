"""Drawn tables of local overrides: ``site`` (area of an institution), ``status`` (groups of a person), ``on`` (the day)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from records.asof import connect, open_asof
from records.contract import load_contract
from records.periods import Quarter
from records.readers import SourceReport, TableSource
from records.snapshot import Snapshot, write_snapshot
from tests.basis import drawn
from tests.basis.drawn_rows import DAY, Drawing

OWN = ("site", "status", "on")
Own = dict[str, list[dict[str, str]]]


def read(path: Path, scratch: Path) -> list[tuple[drawn.Scenario, Own]]:
    """Scenarios as the plain drawn tables have them, each with the tables that only local ones have."""
    blocks, own = [], []
    for block in path.read_text(encoding="utf-8").split("## ")[1:]:
        tables: Own = {}
        kept, current = [], ""
        for line in block.splitlines():
            cells = line.split()
            if cells and cells[0] in OWN:
                current, header = cells[0], cells
                tables[current] = []
            elif re.match(r"=>|[a-z]+( |$)", line):
                current = ""
                kept.append(line)
            elif current and cells:
                named = header if current != "on" else ["day"]
                tables[current].append(dict(zip(named, cells, strict=True)))
            else:
                kept.append(line)
        blocks.append("## " + "\n".join(kept))
        own.append(tables)
    scratch.mkdir(parents=True, exist_ok=True)
    plain = scratch / path.name
    plain.write_text("\n".join(blocks), encoding="utf-8")
    return list(zip(drawn.read(plain), own, strict=True))


def rows_of(scenario: drawn.Scenario, own: Own) -> dict[str, list[dict[str, Any]]]:
    rows = Drawing(scenario.tables).build()
    areas = {row["site"]: row["area"] for row in own.get("site", [])}
    for place in rows["institution"]:
        place["admdvs"] = areas.get(place["fixmedins_code"], place["admdvs"])
    rows["person_status"] = [
        {"psn_no": row["status"], "psn_idet_type": row["group"], "begndate": row["begin"],
         "enddate": None if row["end"] == "-" else row["end"]}
        for row in own.get("status", [])
    ]  # fmt: skip
    shift = date.fromisoformat(day_of(own)) - date.fromisoformat(DAY)
    for name in ("prescription", "fee_line", "settlement"):
        rows[name] = [{key: _moved(value, shift) for key, value in row.items()} for row in rows[name]]
    return rows


def day_of(own: Own) -> str:
    return own["on"][0]["day"] if "on" in own else DAY


def _moved(value: Any, shift: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + shift
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value):
        return value
    return f"{date.fromisoformat(value[:10]) + shift}{value[10:]}"


def open_rows(
    rows: dict[str, list[dict[str, Any]]], folder: Path, day: str = DAY, absent: frozenset[str] = frozenset()
) -> tuple[duckdb.DuckDBPyConnection, Snapshot]:
    """The as-of connection of the quarter of a day, and its snapshot."""
    import pandas as pd

    con, report = connect(), SourceReport()
    con.execute("CREATE SCHEMA accepted")
    for table in load_contract():
        names = [column.name for column in table.columns]
        con.execute(f"CREATE TABLE accepted.{table.name} ({', '.join(f'{c.name} {c.duckdb_type}' for c in table.columns)})")
        if rows[table.name]:
            given = pd.DataFrame(rows[table.name]).reindex(columns=names).astype(object)
            con.register("given", given.where(given.notna(), None).map(lambda v: None if v is None else str(v)))
            casts = ", ".join(f"CAST({c.name} AS {c.duckdb_type})" for c in table.columns)
            con.execute(f"INSERT INTO accepted.{table.name} SELECT {casts} FROM given")
            con.unregister("given")
        if (rows[table.name] or table.needed) and table.name not in absent:
            report.tables[table.name] = TableSource([], columns_present=names)
    snapshot = write_snapshot(con, load_contract(), folder, report)
    quarter = Quarter.parse(f"{day[:4]}Q{(int(day[5:7]) + 2) // 3}")
    return open_asof(snapshot, quarter, threads=1), snapshot
