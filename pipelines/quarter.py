"""What one quarter of a snapshot gives: findings, and the features of every grain."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.asof import open_asof
from records.output import write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from basis.find import FindReport
    from basis.rulebook import Rulebook

#: Key column of each grain.
GRAINS = {
    "prescription": "rxno",
    "person": "psn_no",
    "practitioner": "dr_codg",
    "institution": "fixmedins_code",
}
FINDING_ORDER = (
    "rule_id",
    "subject_type",
    "subject_code",
    "rxno",
    "setl_id",
    "feedetl_sn",
    "psn_no",
    "fixmedins_code",
    "dr_codg",
    "fee_ocur_time",
    "vola_evid",
)


@dataclass(frozen=True)
class Basis:
    """The rules of a run and the knowledge points that came with it."""

    rulebook: Rulebook
    points: Path | None


@dataclass
class QuarterTables:
    """An open as-of connection with findings and features computed for its quarter."""

    quarter: Quarter
    con: duckdb.DuckDBPyConnection
    found: FindReport
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    knowledge: dict[str, Any] = field(default_factory=dict)

    def frame(self, table: str) -> pd.DataFrame:
        """A table of the connection as a pandas frame, in the order of its first column."""
        frame: pd.DataFrame = self.con.sql(f"SELECT * FROM {table} ORDER BY ALL").df()
        return frame

    def rows(self, grain: str) -> int:
        """Rows of a grain in this quarter."""
        return int(self.con.execute(f"SELECT count(*) FROM features_{grain}").fetchall()[0][0])

    def features(self, grain: str) -> pd.DataFrame:
        """Features of a grain, one row a key, in the order of the key."""
        frame: pd.DataFrame = self.con.sql(f"SELECT * FROM features_{grain} ORDER BY {GRAINS[grain]}").df()
        return frame


def compute_quarter(snapshot: Snapshot, quarter: Quarter, basis: Basis, threads: int, memory_limit: str) -> QuarterTables:
    """Open the snapshot as of a quarter and compute its findings and features."""
    from basis.find import find
    from basis.knowledge import load_points
    from features.compute import compute
    from features.staging import release

    con = open_asof(snapshot, quarter, threads=threads, memory_limit=memory_limit)
    knowledge = load_points(con, basis.points) if basis.points else None
    found = find(con, snapshot, basis.rulebook, knowledge)
    tables = QuarterTables(quarter, con, found, knowledge=found.knowledge)
    tables.switched_off += [{"room": "basis", **entry} for entry in found.switched_off]
    for grain in GRAINS:
        off = compute(con, snapshot, grain).switched_off
        tables.switched_off += [
            {"room": "features", "what": f"{grain}.{entry.feature}", "why_zh": entry.why_zh, "why_en": entry.why_en}
            for entry in off
        ]
    release(con)
    return tables


def write_findings(tables: QuarterTables, folder: Path) -> int:
    """Write findings.parquet; returns its number of rows."""
    order = [f"{name} NULLS FIRST" for name in FINDING_ORDER]
    return write_parquet(tables.con, "SELECT * FROM findings", folder / "findings.parquet", order)


def write_features(tables: QuarterTables, folder: Path) -> dict[str, int]:
    """Write features_<grain>.parquet for every grain; returns rows by grain."""
    return {
        grain: write_parquet(tables.con, f"SELECT * FROM features_{grain}", folder / f"features_{grain}.parquet", [key])
        for grain, key in GRAINS.items()
    }
