"""A quarter computed by kept months is the quarter computed from the whole look-back, and so is what its cases show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from basis.rulebook import load_rulebook
from panel.payloads import build
from pipelines.quarter import GRAINS, Basis, Machine, compute_quarter, write_features, write_findings
from records.output import sha256
from records.periods import Quarter
from records.snapshot import Snapshot
from tests.basis import drawn
from tests.basis.year import drawn_year

QUARTER = Quarter.parse("2026Q3")
EMPTY = pd.DataFrame({"rxno": pd.Series([], dtype="str")})


def _computed(snapshot: Snapshot, folder: Path, months: Path | None) -> tuple[list[str], dict[str, Any], dict[str, Any]]:
    """Digests of what a run writes, what its cases show, and what they would show of the connection alone."""
    folder.mkdir()
    machine = Machine(1, "1GB", folder / "scratch", None, months)
    tables = compute_quarter(snapshot, QUARTER, Basis(load_rulebook(), None), machine)
    write_findings(tables, folder)
    write_features(tables, folder)
    rxnos = [row[0] for row in tables.con.execute("SELECT rxno FROM frame ORDER BY rxno").fetchall()]
    with tables.at_once(snapshot, rxnos) as at_once:
        shown = build(tables.con, rxnos, EMPTY, EMPTY, EMPTY, at_once)
    alone = build(tables.con, rxnos, EMPTY, EMPTY, EMPTY)
    tables.close()
    names = ["findings", *[f"features_{grain}" for grain in GRAINS]]
    return [sha256(folder / f"{name}.parquet") for name in names], shown, alone


def test_a_quarter_by_kept_months_is_the_quarter_from_everything(tmp_path: Path) -> None:
    snapshot = drawn.snapshot_of([drawn_year(2)], tmp_path / "snapshots")
    written, shown, _ = _computed(snapshot, tmp_path / "at_once", None)
    by_months, shown_by_months, alone = _computed(snapshot, tmp_path / "by_months", tmp_path / "months")
    assert by_months == written
    assert shown
    assert shown_by_months == shown
    assert alone != shown, "no case here shows anything of before the quarter"
    assert [path.name for path in (tmp_path / "months").glob(".*")] == []
