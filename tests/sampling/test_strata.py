from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import DesignRefused
from sampling.allocation import share_out
from sampling.design import load_design
from sampling.probabilities import prepare
from tests.sampling.designs import changed, shipped, small_design, small_frame, small_places, small_scores

BANDS = load_design(shipped("bands"))


def test_bands_hold_what_their_cuts_say(tmp_path: Path):
    chance = np.random.default_rng(2)
    frame = pd.DataFrame({"rxno": [f"R{n:04d}" for n in range(900)], "fixmedins_code": ["H1"] * 600 + ["H2"] * 300})
    scores = pd.DataFrame({"rxno": frame["rxno"], "score": chance.beta(1, 3, 900).clip(1e-6)})
    prepared = prepare(frame, scores, (), load_design(shipped("bands"), capacity=200))
    rows = prepared.frame.assign(score=scores["score"], stratum=prepared.frame["stratum"].astype(str))
    ranges = rows.groupby("stratum")["score"].agg(["min", "max"])
    assert set(ranges.index) == {f"{code}/risk{band}" for code in ("H1", "H2") for band in (1, 2, 3)}
    for code in ("H1", "H2"):
        edges = [*ranges.loc[f"{code}/risk1"], *ranges.loc[f"{code}/risk2"], *ranges.loc[f"{code}/risk3"]]
        assert edges[1] < 0.1 <= edges[2] <= edges[3] < 0.3 <= edges[4]
    for stratum, own in rows.groupby("stratum"):
        assert set(own["p_random"]) == {prepared.sizes[stratum] / len(own)}
    assert sum(prepared.sizes.values()) == 120


def test_bands_too_small_or_too_dear_join_their_neighbours():
    frame = pd.DataFrame({"rxno": [f"R{n:04d}" for n in range(300)], "fixmedins_code": "H1"})
    risks = [0.05] * 280 + [0.2] * 5 + [0.5] * 15
    scores = pd.DataFrame({"rxno": frame["rxno"], "score": risks})
    few = prepare(frame, scores, (), replace(BANDS, capacity=100))
    assert list(few.sizes) == ["H1"]
    some = prepare(frame, scores, (), replace(BANDS, capacity=100, band_least_rows=15))
    assert [len(own) for _, own in some.frame.groupby("stratum", observed=True)] == [285, 15]
    # Six random rows cannot give three bands three each.
    tight = prepare(frame, scores, (), replace(BANDS, capacity=10, band_least_rows=1, band_minimum=3))
    assert tight.sizes == {"H1/risk1": 3, "H1/risk2": 3}
    # Without scores there is nothing to cut by.
    assert list(prepare(frame, None, (), BANDS).sizes) == ["H1"]


parts = st.lists(st.tuples(st.integers(2, 60), st.floats(0, 1)), min_size=2, max_size=3)


@settings(max_examples=60, deadline=None)
@given(parts, st.data())
def test_no_other_allocation_over_bands_has_a_smaller_variance(bands, data):
    """Against every possible allocation, tried one by one; whole numbers may cost as much as one step."""
    sizes, rates = [size for size, _ in bands], [rate for _, rate in bands]
    least = sum(min(size, 2) for size in sizes)
    total = data.draw(st.integers(least, min(sum(sizes), least + 12)))
    got = share_out(total, sizes, rates, BANDS)
    assert sum(got) == total
    assert all(min(size, 2) <= n <= size for n, size in zip(got, sizes, strict=True))
    p = [min(max(rate, 0.05), 0.95) for rate in rates]

    def variance(sample: list[int]) -> float:
        return sum(N * N * q * (1 - q) * (1 / n - 1 / N) for N, q, n in zip(sizes, p, sample, strict=True))

    def every(left: int, at: int) -> list[list[int]]:
        if at == len(sizes) - 1:
            return [[left]] if min(sizes[at], 2) <= left <= sizes[at] else []
        tries = range(min(sizes[at], 2), min(sizes[at], left) + 1)
        return [[n, *rest] for n in tries for rest in every(left - n, at + 1)]

    best = min(variance(sample) for sample in every(total, 0))
    assert variance(got) <= best * 1.08 + 1e-9


def test_village_clinics_share_a_stratum(tmp_path: Path):
    frame = small_frame()
    prepared = prepare(frame, small_scores(frame), (), small_design("pooled", tmp_path), small_places())
    strata = prepared.frame.groupby("fixmedins_code")["stratum"].agg(lambda own: set(own.astype(str)))
    # V3's consortium has no other clinic, V4 has none at all.
    assert strata["V1"] == strata["V2"] == {"C1/pool"}
    assert strata["V3"] == {"C2/pool"}
    assert strata["V4"] == {"V4"}
    assert strata["T1"] == {"T1"}


def test_a_pool_can_be_named_for_its_township_hospital(tmp_path: Path):
    path = changed(shipped("pooled"), tmp_path, pool__under={"V1": "T1", "V4": "T1"}, random__floor_count=3)
    frame = small_frame()
    prepared = prepare(frame, None, (), load_design(path, 45), small_places())
    strata = dict(zip(prepared.frame["fixmedins_code"], prepared.frame["stratum"].astype(str), strict=True))
    assert strata["V1"] == strata["V4"] == "T1/pool"
    assert strata["V2"] == "C1/pool"


def test_wards_are_drawn_by_stay_within_their_share(tmp_path: Path):
    frame, design = small_frame(), small_design("wards", tmp_path)
    prepared = prepare(frame, small_scores(frame), (), design, small_places())
    ward = prepared.frame[prepared.frame["stratum"] == "H1/ward"]
    stays = prepared.sizes["H1/ward"]
    assert ward["unit"].nunique() == 5
    assert set(ward["p_random"]) == {stays / 5}
    assert stays == math.floor(design.random_capacity * 0.25 / 3)


def test_binding_floors_refuse_a_capacity_and_say_what_fits(tmp_path: Path):
    path = changed(shipped("default"), tmp_path, random__floors_bind=True, random__floor_count=10)
    frame = small_frame()
    # 10 + 10 + 10 + 6 + 5 + 3 + 1 random rows, and two fifths of the capacity are for the targeted arm.
    with pytest.raises(DesignRefused, match=r"45 random reviews.*at least 74, or floors of at most 9"):
        prepare(frame, small_scores(frame), (), load_design(path, 72), small_places())
    prepared = prepare(frame, small_scores(frame), (), load_design(path, 74), small_places())
    assert all(n >= min(10, size) for n, size in zip(prepared.sizes.values(), (39, 12, 10, 6, 5, 3, 1), strict=True))


@pytest.mark.parametrize("name", ["two_stage", "wards"])
def test_a_design_beyond_the_capacity_says_what_it_needs(tmp_path: Path, name: str):
    frame, design = small_frame(), small_design(name, tmp_path)
    with pytest.raises(DesignRefused, match="at least") as caught:
        prepare(frame, None, (), replace(design, capacity=4), small_places())
    needed = int(str(caught.value).rsplit(" ", 1)[1].rstrip("."))
    fits = prepare(frame, None, (), replace(design, capacity=needed), small_places())
    assert fits.frame["p_random"].sum() <= needed + 1e-9
    with pytest.raises(DesignRefused):
        prepare(frame, None, (), replace(design, capacity=needed - 1), small_places())


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 5_000), st.floats(0, 0.9))
def test_the_capacity_for_some_random_rows_is_the_smallest(random, share):
    design = replace(BANDS, capacity=10_000, targeted_share=share)
    capacity = design.capacity_for(random)
    assert replace(design, capacity=capacity).random_capacity >= random
    if capacity > 1:
        below = capacity - 1 - math.floor((capacity - 1) * share + 1e-9)
        assert below < random
