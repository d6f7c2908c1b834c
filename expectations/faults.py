"""The kinds of faults as data: code, severity and a sentence in Chinese and English (``faults.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: From worst to mildest; a row has the severity of its worst fault.
SEVERITIES = ("blocks", "quarantine", "repaired", "noted")


@dataclass(frozen=True)
class Fault:
    """A kind of fault: its severity and its sentence in both languages."""

    code: str
    severity: str
    zh: str
    en: str


@cache
def load_faults() -> dict[str, Fault]:
    """All kinds of faults, by code. Raises ValueError for a severity that does not exist."""
    source = Path(__file__).with_name("faults.toml")
    found = {code: Fault(code, **entry) for code, entry in tomllib.loads(source.read_text("utf-8")).items()}
    unknown = sorted(fault.code for fault in found.values() if fault.severity not in SEVERITIES)
    if unknown:
        raise ValueError(f"faults.toml gives {', '.join(unknown)} a severity that does not exist")
    return found


def codes(marks: Sequence[str]) -> list[str]:
    """Fault codes of a row's marks (``code`` or ``code:column``), sorted, each once."""
    return sorted({mark.partition(":")[0] for mark in marks})


def sentence(marks: Sequence[str]) -> str:
    """What is wrong with a row, in both languages, with the columns concerned."""
    faults, parts = load_faults(), []
    for code in codes(marks):
        columns = ", ".join(sorted(mark.partition(":")[2] for mark in marks if mark.startswith(f"{code}:")))
        where = f" [{columns}]" if columns else ""
        parts.append(f"{faults[code].zh}{where} / {faults[code].en}{where}")
    return "; ".join(parts)


def severity(marks: Sequence[str]) -> str:
    """The severity of a row's worst fault."""
    faults = load_faults()
    return min((faults[code].severity for code in codes(marks)), key=SEVERITIES.index)


def create_wording(con: duckdb.DuckDBPyConnection, marks_of: str) -> None:
    """Create temp table ``wording`` (marks, fault_codes, fault_text, severity) for every combination in use.

    ``marks_of`` is a query of one list column ``marks``.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE wording (marks VARCHAR[], fault_codes VARCHAR, fault_text VARCHAR, severity VARCHAR)"
    )
    found = con.execute(f"SELECT DISTINCT marks FROM ({marks_of})").fetchall()
    rows = [[marks, " ".join(codes(marks)), sentence(marks), severity(marks)] for (marks,) in found]
    if rows:
        con.executemany("INSERT INTO wording VALUES (?, ?, ?, ?)", rows)
