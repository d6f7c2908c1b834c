from __future__ import annotations

from fractions import Fraction
from math import comb
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import DesignRefused
from sampling.chart import plan_chart
from sampling.design import load_design
from sampling.intervals import hypergeometric_limits
from sampling.plan import Wish, expected_half_width, fit, plan, refuse_beyond, stratified_rate_width
from sampling.probabilities import prepare
from sampling.sizes import (
    error_spread,
    neyman_sizes,
    rate_table,
    size_for_mean,
    size_for_rate,
    size_table,
    stratified_half_width,
)
from tests.sampling.designs import small_design, small_frame, small_places, small_scores

CONFIDENCES = (0.80, 0.90, 0.95, 0.99)


@pytest.mark.shared
def test_exact_limits_as_published(vectors):
    for population, sample, found, confidence, lower, upper in vectors["attribute_exact"]["rows"]:
        assert hypergeometric_limits(population, sample, found, confidence) == (lower, upper)


def slow_limits(population: int, sample: int, found: int, confidence: Fraction) -> tuple[int, int]:
    """Every possible population tried one by one, in exact fractions."""

    def chance(count: int, seen: int) -> Fraction:
        return Fraction(comb(count, seen) * comb(population - count, sample - seen), comb(population, sample))

    tail = (1 - confidence) / 2
    possible = range(found, population - sample + found + 1)
    lower = [k for k in possible if sum(chance(k, x) for x in range(found, sample + 1)) > tail]
    upper = [k for k in possible if sum(chance(k, x) for x in range(found + 1)) > tail]
    return min(lower), max(upper)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_exact_limits_equal_trying_every_population(data):
    population = data.draw(st.integers(1, 40))
    sample = data.draw(st.integers(1, population))
    found = data.draw(st.integers(0, sample))
    expected = slow_limits(population, sample, found, Fraction(9, 10))
    assert hypergeometric_limits(population, sample, found, 0.9) == expected


@pytest.mark.parametrize("case", [(5, 0, 0), (5, 6, 1), (5, 3, 4), (5, 3, -1)])
def test_limits_refuse_what_is_no_sample(case):
    with pytest.raises(ValueError, match="no sample"):
        hypergeometric_limits(*case)


@pytest.mark.shared
def test_size_for_a_mean_as_published(vectors):
    probe = vectors["sample_size_probe"]
    for percent, expected in zip(probe["prec_pct"], probe["n"], strict=True):
        got = [size_for_mean(probe["sd"], probe["mean"] * percent / 100, probe["N"], c) for c in CONFIDENCES]
        assert [max(1, round(size)) for size in got] == expected


@pytest.mark.shared
def test_size_for_an_error_rate_as_published(vectors):
    block = vectors["sample_size_error_rate"]
    mean, sd = error_spread(block["rate"], block["total"] / block["N"], block["sd_reported"])
    assert (mean, round(sd, 2)) == (block["mean_d"], block["sd_d"])
    for percent, expected in zip(block["prec_pct"], block["n"], strict=True):
        got = [size_for_mean(sd, mean * percent / 100, block["N"], c) for c in CONFIDENCES]
        assert [round(size) for size in got] == expected


@pytest.mark.shared
def test_stratified_sizes_as_published(vectors):
    block = vectors["sample_size_neyman"]
    total = sum(count * mean for count, mean in zip(block["N"], block["mean"], strict=True))
    for percent, strata, totals in (
        (10, block["strata_10pct"], block["total_10pct"]),
        (1, None, block["total_1pct"]),
    ):
        for place, confidence in enumerate(CONFIDENCES):
            got = neyman_sizes(block["N"], block["sd"], total * percent / 100, confidence)
            assert sum(got) == totals[place]
            assert strata is None or got == [column[place] for column in strata]
    fixed = block["fixed_n500"]
    for percent, width in fixed["precision_pct"].items():
        got = stratified_half_width(block["N"], block["sd"], fixed["alloc"], int(percent) / 100)
        assert round(got / total * 100, 2) == width


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.4), st.integers(1, 10_000))
def test_size_for_a_rate_is_enough_and_never_above_the_population(rate, width, population):
    size = size_for_rate(rate, width, population)
    assert 1 <= size <= population
    if size < population:
        sd = (rate * (1 - rate)) ** 0.5
        got = 1.6448536269514722 * sd * ((1 - size / population) / size) ** 0.5
        assert got <= width * 1.001 + 1 / population


def test_plan_says_what_the_design_gives(frame, scores):
    got = plan(frame, scores, load_design(capacity=60), Wish(half_width=0.1))
    assert list(got.columns) == ["fixmedins_code", "n_frame", "n_random", "half_width", "n_wanted"]
    assert got["n_random"].sum() == 36
    whole = got[got["n_frame"] == got["n_random"]]
    assert len(whole)
    assert (whole["half_width"] == 0).all()
    assert (got["n_wanted"] <= got["n_frame"]).all()


def test_what_a_width_needs_is_what_would_fit(frame, scores):
    design, wish = load_design(capacity=60), Wish(half_width=0.1)
    table = plan(frame, scores, design, wish)
    found = fit(table, design, wish)
    assert found.needed == design.capacity_for(int(table["n_wanted"].sum()))
    assert not found.fits
    with pytest.raises(DesignRefused, match=str(found.needed)):
        refuse_beyond(found, design, wish)
    enough = load_design(capacity=found.needed)
    refuse_beyond(fit(table, enough, wish), enough, wish)
    # The width said to fit does, and a little less does not.
    assert fit(table, design, Wish(half_width=found.half_width)).fits
    assert not fit(table, design, Wish(half_width=found.half_width * 0.98)).fits


@pytest.mark.parametrize("name", ["bands", "two_stage", "pooled", "wards"])
def test_every_kind_of_design_can_be_planned(tmp_path, name):
    frame, design = small_frame(), small_design(name, tmp_path)
    got = plan(frame, small_scores(frame), design, None, small_places()).set_index("fixmedins_code")
    prepared = prepare(frame, small_scores(frame), (), design, small_places())
    expected = prepared.frame.groupby("fixmedins_code")["p_random"].sum()
    if name != "two_stage":
        assert got["n_random"].to_dict() == pytest.approx(expected.round(1).to_dict())
    else:
        assert got.loc["V1", "n_random"] == 2
    assert got["half_width"].between(0, 0.5).all()
    # Whole stays are taken to say less than as many single prescriptions.
    if name == "wards":
        alone = stratified_rate_width([(39, round(got.loc["H1", "n_random"]), 0.15)])
        assert got.loc["H1", "half_width"] > alone


def test_a_stratified_width_is_the_published_formula():
    """Lohr 3.3: variance of a stratified proportion, here with the rates known."""
    strata = [(100, 20, 0.1), (300, 30, 0.4)]
    variance = (100 / 400) ** 2 * 0.09 / 20 * 80 / 99 + (300 / 400) ** 2 * 0.24 / 30 * 270 / 299
    assert stratified_rate_width(strata) == pytest.approx(1.6448536269514722 * variance**0.5)
    assert stratified_rate_width([(50, 50, 0.5)]) == 0


def test_the_chart_shows_every_institution(frame, scores):
    table = plan(frame, scores, load_design(capacity=60))
    table.loc[0, "fixmedins_code"] = "H<1>&"
    drawing = plan_chart(table, 0.05, "计划 plan")
    root = ElementTree.fromstring(drawing)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    bars = list(root.iter("{http://www.w3.org/2000/svg}rect"))
    assert {"H<1>&", "H2", "H3", "H4", "H5"} <= set(texts)
    assert len(bars) == 6
    assert drawing == plan_chart(table, 0.05, "计划 plan")
    widths = [float(bar.get("width")) for bar in bars[1:]]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.shared
def test_tables_of_sizes_as_published(vectors):
    probe, errors = vectors["sample_size_probe"], vectors["sample_size_error_rate"]
    shares = [percent / 100 for percent in probe["prec_pct"]]
    assert size_table(probe["sd"], probe["mean"], probe["N"], shares, CONFIDENCES) == probe["n"]
    mean, sd = error_spread(errors["rate"], errors["total"] / errors["N"], errors["sd_reported"])
    shares = [percent / 100 for percent in errors["prec_pct"]]
    assert size_table(sd, mean, errors["N"], shares, CONFIDENCES) == errors["n"]


def test_a_table_of_rates_is_the_size_of_a_mean_of_zeros_and_ones():
    got = rate_table(0.3, 5000, [0.02, 0.1], CONFIDENCES)
    for width, row in zip([0.02, 0.1], got, strict=True):
        for confidence, size in zip(CONFIDENCES, row, strict=True):
            exact = size_for_mean((0.3 * 0.7) ** 0.5, width, 5000, confidence)
            assert 0 <= size - exact < 1
    assert rate_table(0.3, 5, [0.01], CONFIDENCES) == [[5, 5, 5, 5]]


def test_half_width_shrinks_with_the_sample():
    widths = [expected_half_width(2000, size, 0.15) for size in (20, 60, 200, 600)]
    assert widths == sorted(widths, reverse=True)
    assert widths[2] == pytest.approx(0.04, abs=0.01)
