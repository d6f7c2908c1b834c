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
    ``least_labels`` positives and as many negatives are needed. ``leaves_out`` names feature groups that are
    never used, ``weak_leaves_out`` those that are not used with labels made of rule findings. ``background``:
    uninvestigated subjects taken as clean, to each labelled row. ``weight_power``: trees grow on the design weight
    to this power. ``capacity_share``: share of the rows, 0 to 1, at which precision and recall are told.
    ``baselines``: name and feature of the one-column rivals.
    """

    target: str
    grain: str
    zh: str
    en: str
    group: str
    least_labels: int
    leaves_out: tuple[str, ...]
    weak_leaves_out: tuple[str, ...]
    background: float
    weight_power: float
    capacity_share: float
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
def load_specs(folder: Path | None = None) -> dict[str, ModelSpec]:
    """All specifications by name, in the order in which they are trained; adding one means adding a file.

    Raises WrongUse for a file that is incomplete or says something unknown.
    """
    found = {}
    for path in sorted((folder or Path(__file__).parent).glob("*.toml"), key=lambda p: p.stem, reverse=True):
        spec = _read(path)
        found[spec.name] = spec
    return found


def _read(path: Path) -> ModelSpec:
    entry = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        for name in ("parameters", "baselines"):
            entry[name] = tuple(sorted(entry[name].items()) if name == "parameters" else entry[name].items())
        for name in ("leaves_out", "weak_leaves_out"):
            entry[name] = tuple(entry[name])
        spec = ModelSpec(**entry)
    except (KeyError, TypeError) as fault:
        raise WrongUse(f"The model specification {path.name} cannot be used: {fault}.") from fault
    if spec.grain not in KEYS or not 0 < spec.capacity_share <= 1 or spec.least_labels < 1:
        raise WrongUse(f"The model specification {path.name} names an unknown grain or an impossible number.")
    return spec


def spec_named(name: str) -> ModelSpec:
    """One specification. Raises WrongUse for a name there is none of."""
    specs = load_specs()
    if name not in specs:
        raise WrongUse(f"There is no model '{name}': choose one of {', '.join(specs)}.")
    return specs[name]
