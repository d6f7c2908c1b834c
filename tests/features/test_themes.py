"""Every feature has one theme, and the file is refused where that is not so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from features.catalogue import GRAINS, FaultyCatalogue, load_catalogue
from features.themes import Theme, check, load_themes, theme_of_code, themes_of

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


CODES = """
1-8 writing
1-11 drugs
1-12 regimen
2-5 regimen
2-2 choice
3-4 combination
F38-3a billing
F38-2c pace
F38-2d -
F38-6 choice
P41-4 impossible
"""


@pytest.mark.parametrize("line", CODES.strip().splitlines())
def test_a_code_has_the_theme_of_its_longest_beginning(line: str) -> None:
    code, name = line.split()
    theme = theme_of_code(code)
    assert (theme.name if theme else "-") == name


def test_every_review_item_has_a_theme() -> None:
    items = [f"{group}-{n}" for group, most in ((1, 15), (2, 9), (3, 4)) for n in range(1, most + 1)]
    assert [code for code in items if theme_of_code(code) is None] == []


def _with(name: str, **changes: tuple[str, ...]) -> tuple[Theme, ...]:
    return tuple(replace(theme, **changes) if theme.name == name else theme for theme in THEMES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("themes", "said"),
    [
        (_with("overlap", groups=()), "prescription.overlap_days has no theme"),
        (_with("overlap", groups=("overlap", "dose")), "dose stands twice"),
        (_with("drugs", features=("n_lines", "n_bananas")), "n_bananas is in no grain"),
        (_with("drugs", codes=("1-11", "2-5")), "2-5 stands twice"),
    ],
)
def test_a_faulty_file_is_refused(themes: tuple[Theme, ...], said: str) -> None:
    with pytest.raises(FaultyCatalogue, match=said):
        check(themes, load_catalogue())
