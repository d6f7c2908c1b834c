"""The measurements behind docs/features.md: of every feature of the catalogue and no other, as the models choose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.catalogue import GRAINS, load_catalogue
from features.document import page
from features.measured import FILE, FaultyMeasurement, as_csv, load_measured
from models.specs import all_specs, load_specs
from tests.study.features import sketch

CATALOGUE = load_catalogue()
LINES = FILE.read_text(encoding="utf-8").splitlines(keepends=True)


def _written(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "measured.csv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_the_file_is_as_it_would_be_written_in_the_order_of_the_catalogue() -> None:
    assert as_csv(load_measured(CATALOGUE).values()) == "".join(LINES), "run: make study AREA=features"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (LINES[:-1], f"lacks institution.{LINES[-1].split(',')[1]}"),
        ([*LINES, LINES[-1].replace(LINES[-1].split(",")[1], "gone_feature", 1)], "names institution.gone_feature"),
        ([*LINES, LINES[-1]], "1 features twice"),
    ],
    ids=["lacking", "gone", "twice"],
)
def test_a_file_that_does_not_fit_the_catalogue_is_refused(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(FaultyMeasurement, match=said):
        load_measured(CATALOGUE, _written(tmp_path, lines))


def test_numbers_below_zero_and_absent_ones_come_back(tmp_path: Path) -> None:
    first, *rest = load_measured(CATALOGUE).values()
    changed = type(first)(*first.key, 3, 1, "▁·█", (-5.25, None, 0.5), False, True, (("fraud", None), ("unreasonable", 0.25)))
    path = _written(tmp_path, [as_csv([changed, *rest])])
    assert load_measured(CATALOGUE, path)[first.key] == changed
    assert changed.missing_share == pytest.approx(1 / 3)


def test_models_named_are_those_that_may_take_the_feature() -> None:
    measured = load_measured(CATALOGUE)
    for feature in CATALOGUE:
        specs = [spec for spec in load_specs().values() if spec.grain == feature.grain]
        may = [spec.target for spec in specs if feature.group not in spec.leaves_out]
        assert [target for target, _ in measured[feature.grain, feature.name].reasons] == may, feature.name


def test_models_are_held_to_the_direction_that_the_page_tells() -> None:
    assert "models are held to it" in page(CATALOGUE, load_measured(CATALOGUE))
    held = {(spec.grain, name, sign) for spec in all_specs().values() for name, sign in spec.constrained}
    assert held
    for grain, name, sign in held:
        assert CATALOGUE.feature(grain, name).monotone == sign, name


def test_every_feature_and_every_constant_one_stands_on_the_page() -> None:
    measured = dict(load_measured(CATALOGUE))
    # One that is measured as telling nobody apart, whatever the last study found.
    planted = measured["prescription", "controlled_without_right"]
    measured[planted.key] = replace(planted, city=False, orders=False)
    body, _, constant = page(CATALOGUE, measured).partition("## 不计入 Does not count")
    for feature in CATALOGUE:
        assert body.count(f"\n| `{feature.name}` |") == 2 * sum(f.name == feature.name for f in CATALOGUE), feature.name
    named = {line.split(" `")[1].split("`")[0] for line in constant.splitlines() if line.startswith("- ")}
    assert named == {entry.feature for entry in measured.values() if not entry.city and not entry.orders}
    assert planted.feature in named


def test_most_features_vary_in_the_city_and_the_rows_agree() -> None:
    measured = load_measured(CATALOGUE)
    for grain in GRAINS:
        entries = [entry for entry in measured.values() if entry.grain == grain]
        assert len({entry.rows for entry in entries}) == 1
        assert sum(entry.city for entry in entries) >= 0.9 * len(entries), grain
    for entry in measured.values():
        assert (entry.sketch == "") == (entry.missing == entry.rows) == (entry.quantiles[1] is None), entry.feature
        assert (len(entry.sketch) > 1) == entry.city, entry.feature


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([3.0] * 5, "█"),
        ([0.0] * 75 + [1.0] * 25, "█······▅"),
        (list(range(800)), "████████"),
        ([0.0] * 999 + [8.0], "█······▁"),
        ([*range(800), 10.0**9], "████████"),
    ],
    ids=["none", "one value", "two values", "even", "rare", "outlier"],
)
def test_a_sketch(values: list[float], drawn: str) -> None:
    assert sketch(np.array(values, dtype=float)) == drawn
