"""Themes: features that say the same thing in several ways, told together; ``features/themes.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from features.catalogue import FaultyCatalogue, Feature, load_catalogue

_LISTS = ("groups", "features", "by_count")
_FILE = Path(__file__).parent / "themes.toml"


@dataclass(frozen=True)
class Theme:
    """One theme in both languages; ``groups`` of the catalogue it takes whole, ``features`` it takes from others.

    ``by_count``: features among whose themes the theme's contributions are shared out, in proportion to their values.
    """

    name: str
    zh: str
    en: str
    groups: tuple[str, ...]
    features: tuple[str, ...]
    by_count: tuple[str, ...] = ()


@cache
def load_themes() -> tuple[Theme, ...]:
    """All themes, in the order of the file. Raises FaultyCatalogue where a feature has none or two of them."""
    entries = tomllib.loads(_FILE.read_text(encoding="utf-8"))["theme"]
    themes = tuple(
        Theme(entry["name"], entry["zh"], entry["en"], *(tuple(entry.get(part, ())) for part in _LISTS)) for entry in entries
    )
    check(themes, load_catalogue())
    return themes


def check(themes: tuple[Theme, ...], features: Iterable[Feature]) -> None:
    """Raise FaultyCatalogue unless every feature has exactly one theme and every word of a theme means something."""
    known, faults = tuple(features), []
    for words, has in (
        ([word for theme in themes for word in theme.groups], {feature.group for feature in known}),
        ([word for theme in themes for word in theme.features], {feature.name for feature in known}),
    ):
        faults += [f"{word} stands twice" for word in sorted({word for word in words if words.count(word) > 1})]
        faults += [f"{word} is in no grain" for word in words if word not in has]
    names = {feature.name for feature in known}
    faults += [f"{word} is in no grain" for theme in themes for word in theme.by_count if word not in names]
    for feature in known:
        if not _of(themes, feature):
            faults.append(f"{feature.grain}.{feature.name} has no theme")
    if faults:
        raise FaultyCatalogue(f"features/themes.toml: {'; '.join(faults)}.")


def _of(themes: tuple[Theme, ...], feature: Feature) -> Theme | None:
    own = next((theme for theme in themes if feature.name in theme.features), None)
    return own or next((theme for theme in themes if feature.group in theme.groups), None)


@cache
def themes_of(grain: str) -> dict[str, Theme]:
    """The theme of each feature of a grain, by the feature's name."""
    found = {feature.name: _of(load_themes(), feature) for feature in load_catalogue().of(grain)}
    return {name: theme for name, theme in found.items() if theme is not None}
