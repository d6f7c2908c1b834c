"""Estimates against published examples and a slow exact enumeration."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from math import comb, sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.estimates import institution_estimates, reviewed
from assessment.estimators import Stratum, rate, stratified_mean, total
from assessment.losses import loss_lines
from assessment.outcomes import outcomes
from assessment.scheme import load_scheme

Quarter = Callable[..., Any]


def estimates(data: Any) -> dict[str, Any]:
    found = outcomes(data)
    losses = loss_lines(data, found, load_scheme())
    return dict(institution_estimates(reviewed(data, found, losses)).iloc[0])


@pytest.mark.shared
def test_the_exact_limits_of_an_attribute(shared: Path) -> None:
    block = json.loads((shared / "vectors" / "vectors.json").read_text(encoding="utf-8"))["attribute_exact"]
    for population, sample, found, confidence, low, high in block["rows"]:
        shown = rate([Stratum(population, sample, found)], confidence)
        assert shown.low == pytest.approx(low / population, abs=1e-12)
        assert shown.high == pytest.approx(high / population, abs=1e-12)


@pytest.mark.shared
def test_the_total_of_a_simple_random_sample(shared: Path) -> None:
    block = json.loads((shared / "vectors" / "vectors.json").read_text(encoding="utf-8"))["simple_random_variable"]
    with (shared / "vectors" / block["data"]).open(encoding="utf-8-sig") as source:
        reader = csv.reader(source)
        rows = [row for row in reader if row and row[-1].replace(".", "").replace("-", "").isdigit()]
    differences = [float(row[-2]) - float(row[-1]) for row in rows]
    assert len(differences) == block["n"]
    shown = total([(block["N"], differences)], 0.9)
    assert round(shown.point or 0) == block["difference"]["point"]
    assert round(shown.low or 0) == block["difference"]["lower"]["90"]
    assert round(shown.high or 0) == block["difference"]["upper"]["90"]


@pytest.mark.shared
def test_a_stratified_mean_as_the_survey_package_has_it(shared: Path) -> None:
    toy = json.loads((shared / "vectors" / "vectors.json").read_text(encoding="utf-8"))["r_survey"]["fpc_toy"]
    strata = [(size, [x for x, h in zip(toy["x"], toy["stratum"], strict=True) if h == number])
              for number, size in enumerate(toy["Nh"], start=1)]  # fmt: skip
    point, error = stratified_mean(strata)
    assert point == pytest.approx(toy["mean"], abs=5e-5)
    assert error == pytest.approx(toy["se_fpc"], abs=5e-4)


def tail(population: int, sample: int, bad: int, found: int, upper: bool) -> float:
    """Probability of at least (at most) so many in the sample, by enumeration."""
    ways = comb(population, sample)
    span = range(found, sample + 1) if upper else range(found + 1)
    return sum(comb(bad, k) * comb(population - bad, sample - k) for k in span) / ways


@given(st.integers(2, 40), st.data())
def test_exact_limits_against_enumeration(population: int, data: st.DataObject) -> None:
    sample = data.draw(st.integers(1, population))
    found = data.draw(st.integers(0, sample))
    shown = rate([Stratum(population, sample, found)], 0.9)
    possible = [
        bad
        for bad in range(found, population - sample + found + 1)
        if tail(population, sample, bad, found, True) > 0.05 and tail(population, sample, bad, found, False) > 0.05
    ]
    assert shown.low == pytest.approx(min(possible) / population)
    assert shown.high == pytest.approx(max(possible) / population)


def test_an_institution_s_row_by_hand(quarter: Quarter) -> None:
    given_rows = [(f"R{n:03d}", 2 if n < 4 else 0, True, "2-5" if n < 4 else "", "", None) for n in range(19)]
    given_rows += [("R019", None, True, "", "", None)]
    given_rows += [(f"R{n:03d}", 3, True, "3-1", "F38-2d", "10.00") for n in range(20, 23)]
    row = estimates(quarter(given_rows))
    assert (row["n_frame"], row["n_random"], row["n_targeted"], row["n_unjudged"]) == (40, 20, 3, 1)
    # Twenty final verdicts of which four are unreasonable; U counts as reasonable; targeted ones do not enter.
    assert row["unreasonable_rate"] == pytest.approx(0.2)
    assert str(row["loss_found"]) == "30.00"
    assert str(row["loss_point"]) == "0.00"


def test_what_the_model_pointed_at_never_raises_the_rate(quarter: Quarter) -> None:
    calm = [(f"R{n:03d}", 0, True, "", "", None) for n in range(20)]
    pointed = [(f"R{n:03d}", 3, True, "3-1", "", None) for n in range(20, 23)]
    quiet, loud = estimates(quarter(calm)), estimates(quarter(calm + pointed))
    assert (quiet["unreasonable_rate"], quiet["rate_high90"]) == (loud["unreasonable_rate"], loud["rate_high90"]) == (
        0.0, quiet["rate_high90"],
    )  # fmt: skip


def test_a_loss_total_by_a_slow_second_way(quarter: Quarter) -> None:
    given_rows = [(f"R{n:03d}", 2, True, "2-5", "F38-2d" if n < 5 else "", "30.00" if n < 5 else None) for n in range(20)]
    row = estimates(quarter(given_rows))
    values = [30.0] * 5 + [0.0] * 15
    point = 40 * mean(values)
    half = 1.729132811521367 * 40 * stdev(values) * sqrt((40 - 20) / (40 * 20))
    assert float(row["loss_point"]) == pytest.approx(point, abs=0.01)
    assert float(row["loss_low90"]) == pytest.approx(max(0.0, point - half), abs=0.01)
    assert float(row["loss_high90"]) == pytest.approx(point + half, abs=0.01)
