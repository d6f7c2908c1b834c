"""The stages: staged SQL in ``features/stages``, each file built once a connection and only when wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter

from records.engine import Connection, as_written, tables_of

_FOLDER = Path(__file__).parent / "stages"
_CREATED = re.compile(r"CREATE (?:TABLE|VIEW) stage\.(\w+)")
_NAMED = re.compile(r"\bstage\.(\w+)")
# Findings can be made, or made anew, between two computations on one connection.
VOLATILE = frozenset({"finding"})


@dataclass(frozen=True)
class StageFile:
    """One file of stages: the tables it creates and the tables of other files that it reads."""

    name: str
    sql: str
    creates: frozenset[str]
    reads: frozenset[str]


@cache
def stage_files() -> dict[str, StageFile]:
    """All files of stages by name."""
    found = {}
    for path in sorted(_FOLDER.glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        creates = frozenset(_CREATED.findall(sql))
        found[path.stem] = StageFile(path.stem, sql, creates, frozenset(_NAMED.findall(sql)) - creates)
    return found


@cache
def _creator() -> dict[str, str]:
    return {table: file.name for file in stage_files().values() for table in file.creates}


def building_order(tables: set[str]) -> list[str]:
    """The files that build these stage tables and all they rest on, those read before their readers.

    Raises KeyError for a table that no file creates.
    """
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        for table in sorted(stage_files()[name].reads):
            visit(_creator()[table])
        ordered.append(name)

    for table in sorted(tables):
        visit(_creator()[table])
    return ordered


def build(con: Connection, tables: set[str]) -> dict[str, float]:
    """Build what is not there yet of these stage tables. Gives the seconds that each file took."""
    con.execute("CREATE SCHEMA IF NOT EXISTS stage")
    seconds = {}
    for name in building_order(tables):
        file = stage_files()[name]
        there = tables_of(con, "stage") & file.creates
        if there and name not in VOLATILE:
            continue
        started = perf_counter()
        for table in sorted(there):
            con.execute(f"DROP TABLE stage.{table}")
        with as_written(con):
            con.execute(file.sql)
        seconds[name] = round(perf_counter() - started, 3)
    return seconds


def release(con: Connection) -> None:
    """Drop all stages of a connection, to give their memory back once every grain is computed."""
    con.execute("DROP SCHEMA IF EXISTS stage CASCADE")
