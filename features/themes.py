"""Themes: features that say the same thing in several ways, told together; ``features/themes.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from features.catalogue import FaultyCatalogue, Feature, load_catalogue

_LISTS = ("groups", "features", "codes")
_FILE = Path(__file__).parent / "themes.toml"


@dataclass(frozen=True)
class Theme:
    """One theme in both languages; ``groups`` of the catalogue it takes whole, ``features`` it takes from others.

    ``codes``: beginnings of the item and fund codes of findings that are about it.
    """

    name: str
    zh: str
    en: str
    groups: tuple[str, ...]
    features: tuple[str, ...]
    codes: tuple[str, ...] = ()


def _content() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def load_themes() -> tuple[Theme, ...]:
    """All themes, in the order of the file. Raises FaultyCatalogue where a feature has none or two of them."""
    entries = _content()["theme"]
    themes = tuple(
        Theme(entry["name"], entry["zh"], entry["en"], *(tuple(entry.get(part, ())) for part in _LISTS)) for entry in entries
    )
    check(themes, load_catalogue())
    return themes


@cache
def counted() -> dict[str, tuple[str, ...]]:
    """Features that count findings, each with the beginnings of the codes of those it counts ("" = any)."""
    return {name: tuple(codes) for name, codes in _content()["counted"].items()}


def check(themes: tuple[Theme, ...], features: Iterable[Feature]) -> None:
    """Raise FaultyCatalogue unless every feature has exactly one theme and every word of a theme means something."""
    known, faults = tuple(features), []
    groups, names = {feature.group for feature in known}, {feature.name for feature in known}
    for part in _LISTS:
        words = [word for theme in themes for word in getattr(theme, part)]
        faults += [f"{word} stands twice" for word in sorted({word for word in words if words.count(word) > 1})]
    faults += [f"{word} is in no grain" for theme in themes for word in theme.groups if word not in groups]
    faults += [f"{word} is in no grain" for theme in themes for word in theme.features if word not in names]
    faults += [f"{word} is in no grain" for word in counted() if word not in names]
    faults += [f"{feature.grain}.{feature.name} has no theme" for feature in known if not _of(themes, feature)]
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


@cache
def theme_of_code(code: str) -> Theme | None:
    """The theme of an item or fund code, by the longest beginning; None where no theme claims it."""
    fits = [(len(begin), theme) for theme in load_themes() for begin in theme.codes if code.startswith(begin)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None
