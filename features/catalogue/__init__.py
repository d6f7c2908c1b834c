"""The features as data: ``features/catalogue/<grain>/*.toml``, one entry a feature."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
KEYS = {
    "prescription": "rxno",
    "person": "psn_no",
    "practitioner": "dr_codg",
    "institution": "fixmedins_code",
}
GRAINS = tuple(KEYS)
#: The short key by which stages of a grain are joined (``records/sql/keys.sql``).
ROW_KEYS = {"prescription": "rx_row", "person": "psn_row", "practitioner": "dr_row", "institution": "inst_row"}
SQL_TYPES = {"integer": "INTEGER", "decimal": "DOUBLE", "double": "DOUBLE", "boolean": "BOOLEAN"}
UNITS = ("yuan", "day", "count", "share", "ratio", "second", "year", "lift", "level", "flag", "difference")


class FaultyCatalogue(ValueError):
    """An entry of the catalogue that cannot be used; the message names it."""


@dataclass(frozen=True)
class Feature:
    """One feature of one grain.

    ``expression`` is SQL over the columns of ``stage.<stage>``, which has at most one row a short key. ``needs``
    names tables or columns of the contract ("a|b" = either) or ``findings``; where one is absent the feature
    is switched off. ``monotone`` is a hint: +1 = more is more suspicious, -1 = less is, 0 = neither.
    """

    name: str
    grain: str
    group: str
    zh: str
    en: str
    unit: str
    window: str
    definition: str
    stage: str
    expression: str
    type: str
    missing_zh: str
    missing_en: str
    needs: tuple[str, ...]
    monotone: int
    reason_zh: str
    reason_en: str

    @property
    def stages(self) -> frozenset[str]:
        """Stage tables that the feature reads: its own and those its expression names."""
        return frozenset({self.stage, *re.findall(r"\b([a-z_]+)\.[a-z]", self.expression)})

    @property
    def sql_type(self) -> str:
        """The type of the feature's column; exact decimals leave as DOUBLE, converted once."""
        return SQL_TYPES[self.type]


@dataclass(frozen=True)
class Catalogue:
    """All features, by grain and in the order of the output's columns."""

    features: tuple[Feature, ...]

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def of(self, grain: str) -> tuple[Feature, ...]:
        """Features of a grain. Raises KeyError for a grain there is none of."""
        if grain not in KEYS:
            raise KeyError(f"{grain} is no grain; the grains are {', '.join(GRAINS)}.")
        return tuple(feature for feature in self.features if feature.grain == grain)

    def feature(self, grain: str, name: str) -> Feature:
        """One feature. Raises KeyError when the grain has none of that name."""
        for feature in self.of(grain):
            if feature.name == name:
                return feature
        raise KeyError(f"There is no feature {name} of grain {grain}.")


def _feature(grain: str, group: dict[str, Any], entry: dict[str, Any]) -> Feature:
    shared = {k: v for k, v in group.items() if k not in ("feature", "name")}
    values = {**shared, **entry, "grain": grain, "group": group["name"]}
    values.setdefault("monotone", 0)
    values["needs"] = tuple(group.get("needs", ())) + tuple(entry.get("needs", ()))
    try:
        feature = Feature(**values)
    except TypeError as fault:
        raise FaultyCatalogue(f"{grain}.{entry.get('name', '?')}: {fault}") from fault
    _check(feature)
    return feature


def _check(feature: Feature) -> None:
    faults = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*", feature.name):
        faults.append("its name is not ASCII snake_case")
    if feature.type not in SQL_TYPES:
        faults.append(f"type {feature.type} is unknown")
    if feature.unit not in UNITS:
        faults.append(f"unit {feature.unit} is unknown")
    if feature.monotone not in (-1, 0, 1):
        faults.append("monotone is not -1, 0 or 1")
    if any("{value}" not in text for text in (feature.reason_zh, feature.reason_en)):
        faults.append("a reason does not say the value")
    if faults:
        raise FaultyCatalogue(f"{feature.grain}.{feature.name}: {'; '.join(faults)}.")


@cache
def load_catalogue() -> Catalogue:
    """Read the catalogue. Raises FaultyCatalogue for an entry that is incomplete or named twice."""
    features: list[Feature] = []
    seen: set[tuple[str, str]] = set()
    for grain in GRAINS:
        for path in sorted((_HERE / grain).glob("*.toml")):
            for group in tomllib.loads(path.read_text(encoding="utf-8"))["group"]:
                features += [_feature(grain, group, entry) for entry in group["feature"]]
    for feature in features:
        if (feature.grain, feature.name) in seen:
            raise FaultyCatalogue(f"{feature.grain}.{feature.name} stands twice.")
        seen.add((feature.grain, feature.name))
    return Catalogue(tuple(features))
