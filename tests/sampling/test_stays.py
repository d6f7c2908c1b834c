"""Wards drawn by stay: capacity in prescriptions, allocation by what a stay tells and costs, totals without bias."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling.design import Design, load_design
from sampling.draw import random_rows
from sampling.probabilities import Prepared, prepare
from tests.sampling.designs import shipped

WARDS = replace(
    load_design(shipped("wards")), targeted_share=0.0, floor_count=0, floor_per_thousand=0,
    ward_floor_count=0, ward_floor_per_thousand=0,
)  # fmt: skip


def hospital(code: str, stays: list[int], outpatients: int = 0) -> list[tuple[str, str, str, str]]:
    """Rows of a hospital: a stay of so many orders each, and visits of one prescription each."""
    rows = [(f"{code}-{s:03d}-{o:02d}", code, "3", f"S{code}{s:03d}") for s, size in enumerate(stays) for o in range(size)]
    return rows + [(f"{code}-o-{n:03d}", code, "1", f"M{code}{n:03d}") for n in range(outpatients)]


def prepared_of(rows: list[tuple[str, str, str, str]], design: Design, scores: list[float] | None = None) -> Prepared:
    frame = pd.DataFrame(rows, columns=["rxno", "fixmedins_code", "setting", "mdtrt_id"])
    risk = None if scores is None else pd.DataFrame({"rxno": frame["rxno"], "score": scores})
    return prepare(frame, risk, (), design)


def orders_of(prepared: Prepared) -> float:
    """Expected orders of the wards' random arm."""
    rows = prepared.frame
    return float(rows.loc[rows["stratum"].astype(str).str.endswith("/ward"), "p_random"].sum())


def test_the_share_of_wards_is_counted_in_prescriptions() -> None:
    rows = hospital("H1", [10] * 20, 400) + hospital("H2", [1] * 100, 400)
    for capacity in (60, 120, 400):
        prepared = prepared_of(rows, replace(WARDS, capacity=capacity))
        assert capacity * 0.25 - 10 < orders_of(prepared) <= capacity * 0.25
        assert prepared.frame["p_random"].sum() == pytest.approx(capacity, abs=1)
        assert min(prepared.sizes.values()) >= 1


def test_wards_have_what_the_others_cannot_use() -> None:
    prepared = prepared_of(hospital("H1", [3] * 40) + hospital("H2", [2] * 10, 6), replace(WARDS, capacity=80))
    assert prepared.sizes["H2"] == 6
    assert 80 - 3 < prepared.frame["p_random"].sum() <= 80


def test_stays_go_where_verdicts_vary_and_where_they_cost_less() -> None:
    outpatients = [(f"Z{n:03d}", "H9", "1", f"MZ{n}") for n in range(300)]
    rows = hospital("H1", [4] * 50) + hospital("H2", [4] * 50) + outpatients
    unsure = prepared_of(rows, replace(WARDS, capacity=300), [0.5] * 200 + [0.06] * 200 + [0.2] * 300)
    assert unsure.sizes["H1/ward"] > 1.8 * unsure.sizes["H2/ward"]
    mixed = [0.9 if n // 4 % 2 else 0.1 for n in range(200)]
    between = prepared_of(rows, replace(WARDS, capacity=300), mixed + [0.06] * 200 + [0.2] * 300)
    assert between.sizes["H1/ward"] > 1.8 * between.sizes["H2/ward"]
    # As many orders in stays of two and of eight: the longer ones tell as much a stay more, and cost four times as much.
    rows = hospital("H1", [2] * 100) + hospital("H2", [8] * 25) + outpatients
    neyman = prepared_of(rows, replace(WARDS, capacity=300, size_power=1.0))
    assert neyman.sizes["H1/ward"] == pytest.approx(2 * neyman.sizes["H2/ward"], abs=2)


stays = st.lists(st.integers(1, 6), min_size=2, max_size=12)


@settings(max_examples=60, deadline=None)
@given(stays, stays, st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.integers(8, 40))
def test_no_allocation_of_less_than_a_step_has_a_smaller_variance(one, two, first, second, budget) -> None:
    """Against every allocation, tried one by one, that costs a stay of each less."""
    design = replace(WARDS, capacity=4 * budget, size_power=1.0, least_rate=1e-6)
    rows = hospital("H1", one) + hospital("H2", two) + [(f"Z{n:03d}", "H9", "1", "M") for n in range(200)]
    scores = [first] * sum(one) + [second] * sum(two) + [0.2] * 200
    prepared = prepared_of(rows, design, scores)
    drawn = [prepared.sizes["H1/ward"], prepared.sizes["H2/ward"]]
    numbers = [len(one), len(two)]
    squares = [np.mean(np.square(s)) * p * (1 - p) for s, p in ((one, first), (two, second))]
    orders = [float(np.mean(one)), float(np.mean(two))]

    def variance(sizes) -> float:
        return sum(n**2 * s2 / m * (1 - m / n) for n, s2, m in zip(numbers, squares, sizes, strict=True))

    def cost(sizes) -> float:
        return sum(m * o for m, o in zip(sizes, orders, strict=True))

    assert cost(drawn) <= max(budget, math.ceil(sum(orders)))
    others = [sizes for sizes in product(*(range(1, n + 1) for n in numbers)) if cost(sizes) <= budget - sum(orders) - 1]
    assert all(variance(drawn) <= variance(sizes) + 1e-6 for sizes in others)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=6), min_size=1, max_size=3),
    st.integers(4, 40),
    st.booleans(),
    st.data(),
)
def test_totals_over_every_draw_of_stays_are_unbiased(hospitals, capacity, scored, data) -> None:
    """Every set of stays of the size drawn, one by one: an order has its stay's probability, and totals come out."""
    rows = [row for number, sizes in enumerate(hospitals) for row in hospital(f"H{number}", sizes, number)]
    values = data.draw(st.lists(st.integers(0, 900), min_size=len(rows), max_size=len(rows)))
    scores = [0.05 + 0.9 * (n * 7 % 10) / 10 for n in range(len(rows))] if scored else None
    least = sum(max(1, math.ceil(np.mean(sizes))) for sizes in hospitals) + len(hospitals)
    prepared = prepared_of(rows, replace(WARDS, capacity=max(capacity, least)), scores)
    told = prepared.frame.assign(
        value=pd.Series(values, index=[row[0] for row in rows]).reindex(prepared.frame["rxno"]).to_numpy()
    )
    drawn = random_rows(prepared, "seed")
    for stratum, own in told.groupby("stratum", observed=True):
        units = sorted(set(own["unit"]))
        n = prepared.sizes[str(stratum)]
        chances, totals = dict.fromkeys(own["rxno"], 0), []
        for chosen in combinations(units, n):
            taken = own[own["unit"].isin(chosen)]
            totals.append((taken["value"] / taken["p_random"]).sum())
            for rxno in taken["rxno"]:
                chances[rxno] += 1
        assert np.mean(totals) == pytest.approx(own["value"].sum())
        assert [chances[rxno] / len(totals) for rxno in own["rxno"]] == pytest.approx(own["p_random"].tolist())
        # What is drawn is one of these sets, whole.
        assert own.loc[drawn[own.index], "unit"].nunique() == n
        assert own["unit"].isin(set(own.loc[drawn[own.index], "unit"])).to_numpy().tolist() == drawn[own.index].tolist()
