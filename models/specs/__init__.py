"""Model specifications as data: ``models/specs/*.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from records.errors import WrongUse

KEYS = {
    "prescription": "rxno",
    "person": "psn_no",
    "practitioner": "dr_codg",
    "institution": "fixmedins_code",
}


@dataclass(frozen=True)
class ModelSpec:
    """What a model predicts, of whom, from which labels, and how it is grown.

    ``group`` is the column by which folds are split, so that no subject stands on both sides.
    ``least_labels`` positives and as many negatives are needed. ``weak_leaves_out`` names feature groups that
    are not used with labels made of rule findings. ``baselines``: name and feature of the one-column rivals.
    """

    target: str
    grain: str
    zh: str
    en: str
    group: str
    least_labels: int
    weak_leaves_out: tuple[str, ...]
    baselines: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, Any], ...]

    @property
    def name(self) -> str:
        """TARGET@GRAIN, as the command line writes it."""
        return f"{self.target}@{self.grain}"

    @property
    def slug(self) -> str:
        """The name as a file or registry writes it."""
        return f"{self.target}_{self.grain}"

    @property
    def key(self) -> str:
        """Key column of the grain."""
        return KEYS[self.grain]


@cache
def load_specs() -> dict[str, ModelSpec]:
    """All specifications by name, in the order in which they are trained."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.toml"), key=lambda p: p.stem, reverse=True):
        entry = tomllib.loads(path.read_text(encoding="utf-8"))
        entry["parameters"] = tuple(sorted(entry["parameters"].items()))
        entry["baselines"] = tuple(entry["baselines"].items())
        entry["weak_leaves_out"] = tuple(entry["weak_leaves_out"])
        spec = ModelSpec(**entry)
        found[spec.name] = spec
    return found


def spec_named(name: str) -> ModelSpec:
    """One specification. Raises WrongUse for a name there is none of."""
    specs = load_specs()
    if name not in specs:
        raise WrongUse(f"There is no model '{name}': choose one of {', '.join(specs)}.")
    return specs[name]
