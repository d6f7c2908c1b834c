"""Every feature has one theme, and the file is refused where that is not so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.catalogue import GRAINS, FaultyCatalogue, load_catalogue
from features.themes import Theme, check, load_themes, themes_of

THEMES = load_themes()


@pytest.mark.parametrize("grain", GRAINS)
def test_every_feature_has_a_theme_in_both_languages(grain: str) -> None:
    of = themes_of(grain)
    assert list(of) == [feature.name for feature in load_catalogue().of(grain)]
    assert all(theme.zh and theme.en.isascii() for theme in of.values())


def test_a_single_feature_leaves_its_group() -> None:
    of = themes_of("prescription")
    assert (of["n_injections"].name, of["n_antibacterials"].name) == ("injection", "antibacterial")
    assert {theme.name for theme in THEMES} == {theme.name for grain in GRAINS for theme in themes_of(grain).values()}


def _with(name: str, **changes: tuple[str, ...]) -> tuple[Theme, ...]:
    return tuple(replace(theme, **changes) if theme.name == name else theme for theme in THEMES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("themes", "said"),
    [
        (_with("overlap", groups=()), "prescription.overlap_days has no theme"),
        (_with("overlap", groups=("overlap", "dose")), "dose stands twice"),
        (_with("drugs", features=("n_lines", "n_bananas")), "n_bananas is in no grain"),
        (_with("findings", by_count=("findings_bananas",)), "findings_bananas is in no grain"),
    ],
)
def test_a_faulty_file_is_refused(themes: tuple[Theme, ...], said: str) -> None:
    with pytest.raises(FaultyCatalogue, match=said):
        check(themes, load_catalogue())
