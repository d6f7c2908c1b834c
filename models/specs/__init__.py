"""Model specifications as data: ``models/specs/*.toml``, and for kinds of unreasonable use ``models/specs/families/*.toml``."""

from __future__ import annotations

import re
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
#: Names of features that models of prescriptions feed begin so.
FED = "fed_"
#: Of them, those that count prescriptions at the top of the quarter's frame.
FED_TOP = re.compile(f"{FED}.*_top[0-9]+$")


@dataclass(frozen=True)
class ModelSpec:
    """What a model predicts, of whom, from which labels, and how it is grown.

    ``group`` is the column by which folds are split, so that no subject stands on both sides.
    ``least_labels`` positives and as many negatives are needed. ``leaves_out`` names feature groups that are
    never used, ``weak_leaves_out`` those that are not used with labels made of rule findings. ``background``:
    uninvestigated subjects taken as clean, to each labelled row. ``weight_power``: trees grow on the design weight
    to this power. ``capacity_share``: share of the rows, 0 to 1, at which precision and recall are told.
    ``baselines``: name and feature of the one-column rivals. ``constrained``: feature and +1 (more never lowers the
    score) or -1 (more never raises it). ``item_codes``: the review items that make a label of a family positive; empty
    for the targets of the contract. ``rule_rows``: what the rules say of prescriptions that nobody judged weighs as so
    many verdicts; 0 = nothing; ``silent_rows``: whether those that no rule points at are among them. ``fed_by``: models of
    prescriptions that feed this one (``models.feeding``). ``curves``: variance of the prior of the curves that trees grow
    upon (``models.curves``); 0 = none;
    ``tree_gain``: trees stay upon them where their held-out gain is so many times its standard error, 0 = anyhow;
    ``fed_freedom``: that of the features that are fed is so many times as large; ``fed_says``: what those that count
    prescriptions at the top are believed to add before any label (``models.curves``).
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
    constrained: tuple[tuple[str, int], ...] = ()
    item_codes: frozenset[str] = frozenset()
    rule_rows: float = 0.0
    fed_by: tuple[str, ...] = ()
    curves: float = 0.0
    fed_freedom: float = 1.0
    fed_says: float = 0.0
    silent_rows: bool = True
    tree_gain: float = 0.0

    @property
    def is_family(self) -> bool:
        """Whether it predicts one kind of unreasonable use: such a model learns from verdicts only."""
        return bool(self.item_codes)

    @property
    def name(self) -> str:
        """TARGET@GRAIN, as the command line writes it."""
        return f"{self.target}@{self.grain}"

    def freedom(self, names: list[str]) -> list[float]:
        """Variance of the prior of each feature's curve; what is fed rests on far more labels than the rest."""
        return [self.curves * (self.fed_freedom if name.startswith(FED) else 1.0) for name in names]

    def says(self, names: list[str]) -> list[float]:
        """What each feature is believed to say before any label: only numbers of prescriptions at the top say anything."""
        return [self.fed_says if FED_TOP.match(name) else 0.0 for name in names]

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
    """Specifications of the contract's targets by name, in the order of training; adding one means adding a file.

    Raises WrongUse for a file that is incomplete or says something unknown.
    """
    found = {}
    for path in sorted((folder or Path(__file__).parent).glob("*.toml"), key=lambda p: p.stem, reverse=True):
        spec = _read(path)
        found[spec.name] = spec
    return found


@cache
def load_families() -> dict[str, ModelSpec]:
    """Specifications of the families of review items by name, as ``load_specs``."""
    return load_specs(Path(__file__).parent / "families")


def all_specs() -> dict[str, ModelSpec]:
    """The contract's targets, then the families."""
    return {**load_specs(), **load_families()}


def _read(path: Path) -> ModelSpec:
    entry = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        for name in ("parameters", "baselines"):
            entry[name] = tuple(sorted(entry[name].items()) if name == "parameters" else entry[name].items())
        entry["constrained"] = tuple(sorted(entry.get("constrained", {}).items()))
        entry["fed_by"] = tuple(entry.get("fed_by", ()))
        entry["item_codes"] = frozenset(entry.get("item_codes", ()))
        for name in ("leaves_out", "weak_leaves_out"):
            entry[name] = tuple(entry[name])
        spec = ModelSpec(**entry)
    except (KeyError, TypeError) as fault:
        raise WrongUse(f"The model specification {path.name} cannot be used: {fault}.") from fault
    signs = {sign for _, sign in spec.constrained} <= {-1, 1}
    if (
        spec.grain not in KEYS
        or not 0 < spec.capacity_share <= 1
        or spec.least_labels < 1
        or not signs
        or spec.curves < 0
        or spec.fed_freedom <= 0
    ):
        raise WrongUse(f"The model specification {path.name} names an unknown grain or an impossible number.")
    return spec


def spec_named(name: str) -> ModelSpec:
    """One specification. Raises WrongUse for a name there is none of."""
    specs = all_specs()
    if name not in specs:
        raise WrongUse(f"There is no model '{name}': choose one of {', '.join(specs)}.")
    return specs[name]
