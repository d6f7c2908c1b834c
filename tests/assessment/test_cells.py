"""Estimates of designs with bands, pools, stays and institutions drawn first, against draws of a known frame."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from assessment.cells import Cell, Judged, cells_of, joined, mean_and_variance, turns_of, units_of, weighted_mean
from assessment.estimates import city_loss, city_rate, institution_estimates, reviewed
from assessment.estimators import Stratum, rate, ratio_variance, stratum_of_stays
from assessment.inputs import AssessmentInput, QuarterInput
from assessment.outcomes import outcomes
from records.errors import DataFault
from sampling.design import Design
from sampling.draw import select
from sampling.frames import frame_table
from sampling.probabilities import Prepared, prepare
from tests.sampling.designs import SHIPPED, small_design, small_frame, small_places, small_scores

NAMES = [path.stem for path in SHIPPED]


def truth(frame: pd.DataFrame) -> pd.Series:
    """Classes of the small frame; orders of one stay are alike."""
    chance = np.random.default_rng(11)
    bad = pd.Series(chance.random(len(frame)) < 0.4, index=frame["rxno"])
    bad[[rxno for rxno in frame["rxno"] if rxno.startswith(("W5", "W2"))]] = True
    bad[[rxno for rxno in frame["rxno"] if rxno.startswith(("W4", "W3", "V1"))]] = False
    return bad.astype(int) * 2


@cache
def prepared_of(name: str) -> tuple[pd.DataFrame, Design, Prepared]:
    frame = small_frame()
    with TemporaryDirectory() as folder:
        design = small_design(name, Path(folder))
    return frame, design, prepare(frame, small_scores(frame), (), design, small_places())


def assessed(name: str, seed: str) -> tuple[AssessmentInput, pd.Series]:
    frame, design, prepared = prepared_of(name)
    sample, classes = select(prepared, design, seed), truth(frame)
    told = pd.DataFrame({"rxno": sample["rxno"], "verdict_class": sample["rxno"].map(classes)})
    places = small_places().assign(fixmedins_name="院", fixmedins_type="1")
    part = QuarterInput("2026Q3", frame_table(prepared, seed), sample, verdicts=told)
    return AssessmentInput("2026Q3", [part], places), classes


def items_of(data: AssessmentInput) -> list:
    return reviewed(data, outcomes(data), [])


@pytest.mark.parametrize("name", NAMES)
def test_the_city_rate_is_that_of_the_frame_on_average(name: str) -> None:
    draws = 80
    rates, inside = [], 0
    for number in range(draws):
        data, classes = assessed(name, f"{name} {number}")
        shown = city_rate(items_of(data))
        rates.append(shown.point)
        inside += shown.low <= (classes > 0).mean() <= shown.high
    error = float(np.std(rates)) / draws**0.5
    # A ratio's bias is of the order 1 / n.
    assert abs(float(np.mean(rates)) - (classes > 0).mean()) < 4 * error + 0.01
    assert inside / draws > 0.8


@pytest.mark.parametrize("name", ["bands", "wards"])
def test_an_institution_s_rate_weighs_its_strata(name: str) -> None:
    draws, rates = 80, []
    for number in range(draws):
        data, classes = assessed(name, f"{name} {number}")
        rows = institution_estimates(items_of(data)).set_index("fixmedins_code")
        rates.append(rows.loc["H1", "unreasonable_rate"])
        assert rows.loc["H1", "rate_low90"] <= rates[-1] <= rows.loc["H1", "rate_high90"]
    own = classes[[rxno.startswith(("H1", "W")) for rxno in classes.index]]
    assert abs(float(np.mean(rates)) - (own > 0).mean()) < 4 * float(np.std(rates)) / draws**0.5 + 0.015


def test_a_pool_speaks_for_clinics_that_were_not_drawn() -> None:
    data, _ = assessed("pooled", "s")
    items = items_of(data)
    cells = joined([item.hits((1, 2, 3)) for item in items])
    assert cells["2026Q3", "C1/pool"].cell.rows == 11
    assert sum(judged.cell.rows for judged in cells.values()) == 76
    assert city_rate(items).method == "stratified_normal"
    assert city_loss(items).point == 0


def test_whole_stays_are_one_observation_each() -> None:
    data, _ = assessed("wards", "s")
    cells = cells_of(data.quarters[0])["H1"]
    assert cells["2026Q3", "H1/ward"] == Cell(15, 5)
    assert cells["2026Q3", "H1"] == Cell(24, 24)
    stays = units_of(data.quarters[0])
    assert stays
    assert all(rxno[1] == stay[1] for rxno, stay in stays.items())


def test_the_variance_of_two_stages_is_right_on_average() -> None:
    """Sixty clinics with half a chance each, three of ten prescriptions each when drawn, beside a hospital."""
    chance = np.random.default_rng(5)
    clinics = np.array([[float(n < bad) for n in range(10)] for bad in (1, 2, 3, 6, 0, 2, 4, 1, 5, 3, 2, 2)] * 5)
    hospital = np.array([float(n % 4 == 0) for n in range(200)])
    points, variances = [], []
    for _ in range(1_500):
        used = [Judged(Cell(200, 200), [(v, 1) for v in chance.permutation(hospital)[:50]])]
        for clinic in chance.permuted(clinics, axis=1)[chance.random(60) < 0.5]:
            used.append(Judged(Cell(10, 10, 0.5), [(v, 1) for v in clinic[:3]]))
        point, variance = mean_and_variance(used, [("q", f"H{n}") for n in range(len(used))])
        points.append(point)
        variances.append(variance)
    assert np.mean(points) == pytest.approx((clinics.sum() + hospital.sum()) / 800, abs=0.005)
    assert np.mean(variances) == pytest.approx(np.var(points), rel=0.12)


def test_bands_of_one_institution_have_its_turn_together() -> None:
    """As above, each clinic in two bands that are alike: taken for turns of their own, the variance is too small."""
    chance = np.random.default_rng(8)
    clinics = np.array([[[float(n < bad) for n in range(8)]] * 2 for bad in (1, 7, 3, 6, 0, 8, 4, 1, 5, 3)] * 6)
    points, told, apart = [], [], []
    for _ in range(1_500):
        cells = {
            ("q", f"V{number}/risk{band}"): Judged(Cell(8, 8, 0.5), [(v, 1) for v in values[:4]])
            for number, clinic in enumerate(chance.permuted(clinics, axis=2))
            if chance.random() < 0.5
            for band, values in enumerate(clinic)
        }
        point, variance = mean_and_variance(list(cells.values()), turns_of(cells))
        points.append(point)
        told.append(variance)
        apart.append(mean_and_variance(list(cells.values()), list(cells))[1])
    assert np.mean(told) == pytest.approx(np.var(points), rel=0.12)
    assert np.mean(apart) < 0.7 * np.var(points)
    shown = weighted_mean(cells, 0.9, 1.0)
    deviation = t.ppf(0.95, len(set(turns_of(cells))) - 1) * told[-1] ** 0.5
    assert (shown.low, shown.high) == (pytest.approx(point - deviation), pytest.approx(point + deviation))


def test_a_turn_that_is_kept_through_the_year_is_one_turn() -> None:
    chance = np.random.default_rng(9)
    clinics = np.array([[float(n < bad) for n in range(8)] for bad in (1, 7, 3, 6, 0, 8, 4, 1, 5, 3)] * 6)
    points, told = [], []
    for _ in range(1_500):
        cells = {
            (f"q{quarter}", f"V{number}"): Judged(
                Cell(8, 8, 0.5, follows=quarter > 1), [(v, 1) for v in chance.permutation(clinic)[:4]]
            )
            for number, clinic in enumerate(clinics)
            if chance.random() < 0.5
            for quarter in (1, 2, 3)
        }
        point, variance = mean_and_variance(list(cells.values()), turns_of(cells))
        points.append(point)
        told.append(variance)
    assert np.mean(told) == pytest.approx(np.var(points), rel=0.12)


def test_a_frame_says_which_turns_follow_others() -> None:
    frame = pd.DataFrame({"rxno": ["a", "b", "c"], "fixmedins_code": ["V1", "V2", "H1"], "stratum": ["V1", "V2", "H1"],
                          "institution_prob": [0.5, 0.5, 1.0], "institution_chance": [1.0, 0.5, 1.0]})  # fmt: skip
    part = QuarterInput("q", frame, frame.head(0), verdicts=pd.DataFrame())
    assert {code: cell["q", code].follows for code, cell in cells_of(part).items()} == {"V1": True, "V2": False, "H1": False}


def test_few_turns_make_wide_limits() -> None:
    cells = {("q", f"V{n}"): Judged(Cell(10, 10, 0.5), [(float(n), 1)] * 10) for n in range(2)}
    shown = weighted_mean(cells, 0.9, float("inf"))
    assert shown.method == "two_stage_t"
    _, variance = mean_and_variance(list(cells.values()), list(cells))
    assert shown.high - shown.point == pytest.approx(6.313751514675043 * variance**0.5)


def test_the_variance_between_stays_is_right_on_average() -> None:
    chance = np.random.default_rng(6)
    stays = [(float(n % 3 == 0) * size, size) for n, size in enumerate([1, 2, 5, 3, 4, 2, 6, 1, 3, 2, 4, 5, 2, 3, 1, 2, 4, 3])]
    population = sum(size for _, size in stays)
    points, variances = [], []
    for _ in range(2_000):
        chosen = [stays[at] for at in chance.choice(len(stays), 9, replace=False)]
        stratum = stratum_of_stays(population, len(stays), chosen)
        points.append(stratum.found / stratum.sample)
        variances.append(stratum.variance)
    assert np.mean(variances) == pytest.approx(np.var(points), rel=0.15)
    # As if all its prescriptions had been drawn singly it would be far too small.
    naive = [p * (1 - p) / (9 * population / 18 - 1) * 0.5 for p in points]
    assert np.mean(naive) < 0.6 * np.var(points)


def test_every_stay_judged_is_a_census() -> None:
    shown = rate([stratum_of_stays(6, 2, [(1, 2), (0, 4)])])
    assert (shown.point, shown.low, shown.method) == (pytest.approx(1 / 6), pytest.approx(1 / 6), "census")
    assert rate([stratum_of_stays(6, 2, [])]).method == "none"
    one = rate([stratum_of_stays(20, 5, [(2, 4)])])
    assert one.method == "korn_graubard"
    assert one.high - one.low > 0.8


@given(st.lists(st.integers(0, 1), min_size=2, max_size=30), st.integers(0, 50))
def test_stays_of_one_order_are_prescriptions(values: list[int], more: int) -> None:
    population = len(values) + more
    ours = stratum_of_stays(population, population, [(float(value), 1) for value in values])
    plain = Stratum(population, len(values), sum(values))
    assert (ours.population, ours.sample, ours.found) == (plain.population, plain.sample, plain.found)
    share = sum(values) / len(values)
    expected = (1 - len(values) / population) * share * (1 - share) / (len(values) - 1)
    assert ours.variance == pytest.approx(expected, abs=1e-12)
    assert ratio_variance(population, [0.0] * len(values)) == 0


def test_a_sample_that_is_not_of_the_frame_is_refused() -> None:
    data, _ = assessed("default", "s")
    part = data.quarters[0]
    strange = QuarterInput("2026Q3", part.frame.assign(stratum="X"), part.sample, verdicts=part.verdicts)
    with pytest.raises(DataFault, match="not in the frame"):
        city_rate(items_of(AssessmentInput("2026Q3", [strange], data.institutions)))
