"""From a raw folder to a snapshot: readers, the gate, what it leaves behind for people to read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from records.asof import connect
from records.contract import load_contract
from records.engine import SparkPlace
from records.errors import BlockingFault, WrongUse
from records.periods import Quarter
from records.readers import SourceReport, read_source
from records.snapshot import Snapshot, write_snapshot
from records.workplace import Workplace

if TYPE_CHECKING:
    import duckdb

    from expectations.gate import GateResult

#: What the gate writes under WORK/<quarter>/.
OUTPUTS = ("quarantine", "repairs", "data_docs", "failed", "gate_report.json", "gate_report.html")


def _quiet(_: str) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Source:
    """Where the data come from, for which quarter, and how much of the machine may be used."""

    data: str
    quarter: Quarter
    threads: int = 2
    memory_limit: str = "4GB"
    spark: SparkPlace | None = None


@dataclass
class Accepted:
    """The gate's outcome: what was read, what was accepted, and the open connection that holds it."""

    con: duckdb.DuckDBPyConnection
    report: SourceReport
    result: GateResult


def pass_gate(source: Source, workplace: Workplace, building: Path, say: Callable[[str], None] = _quiet) -> Accepted:
    """Read the folder and sort its rows; writes quarantine, repairs and reports into ``building``."""
    from expectations.gate import run_gate

    contract = load_contract()
    con = connect(source.threads, source.memory_limit, workplace.scratch / "spill")
    report = read_source(con, source.data, contract, say)
    result = run_gate(con, report, contract, source.quarter, building, say)
    return Accepted(con, report, result)


def refuse_when_blocked(accepted: Accepted, folder: Path) -> None:
    """Raise BlockingFault when the gate found something nothing later may rest on."""
    if accepted.result.blocking:
        more = len(accepted.result.blocking) - 1
        rest = f" (and {more} more)" if more else ""
        raise BlockingFault(f"{accepted.result.blocking[0]}{rest} See {folder / 'gate_report.html'}.")


def refuse_when_nothing(accepted: Accepted, quarter: Quarter) -> None:
    """Raise BlockingFault when nothing was settled or prescribed in the quarter: most often another one was meant."""
    times = "SELECT setl_time AS moment FROM accepted.settlement UNION ALL SELECT prsc_time FROM accepted.prescription"
    within = "count(*) FILTER (WHERE moment >= $begin AND moment < $end)"
    sql = f"SELECT {within}, min(moment), max(moment) FROM ({times})"
    rows, first, last = accepted.con.execute(sql, {"begin": quarter.begin, "end": quarter.end}).fetchall()[0]
    if not rows:
        accepted.con.close()
        reach = f", which reach from {first:%Y-%m-%d} to {last:%Y-%m-%d}" if first else ""
        raise BlockingFault(f"Nothing of {quarter} is in the data{reach}: name another --quarter, or an extract that holds it.")


def snapshot_of(accepted: Accepted, workplace: Workplace) -> Snapshot:
    """Write the accepted rows as a snapshot and let go of the connection."""
    snapshot = write_snapshot(accepted.con, load_contract(), workplace.snapshots, accepted.report)
    accepted.con.close()
    return snapshot


def fresh(folder: Path) -> Path:
    """An empty folder at this place, whatever a killed run may have left there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def publish(names: tuple[str, ...], building: Path, folder: Path) -> None:
    """Move finished outputs into the quarter's folder, replacing older ones, each by one rename."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        made, target = building / name, folder / name
        if not made.exists():
            continue
        if target.exists() and target.is_dir() != made.is_dir():
            raise WrongUse(f"{target} is not what a check left there: move it away and run again.")
        if target.is_dir():
            old = building / f"old-{name}"
            target.rename(old)
        made.replace(target)
