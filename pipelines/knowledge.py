"""Which rules and which knowledge points a run stands on."""

from __future__ import annotations

from pathlib import Path

from pipelines.quarter import Basis
from records.workplace import Workplace

POINTS = "knowledge_points.csv"


def basis_of(workplace: Workplace, data: str) -> Basis:
    """The rulebook with this work folder's published rules, and the points that apply to the run.

    Points that travel with the data folder win; else those loaded into the work folder; else none.
    """
    from basis.rulebook import load_rulebook

    overrides = workplace.basis / "rules"
    rulebook = load_rulebook(overrides if overrides.is_dir() else None)
    candidates = [] if "://" in data else [Path(data) / POINTS]
    candidates.append(workplace.basis / "knowledge" / POINTS)
    return Basis(rulebook, next((path for path in candidates if path.is_file()), None))
