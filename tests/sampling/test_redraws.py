"""Twenty thousand redraws of every shipped design: frequencies are the probabilities, totals are unbiased."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sampling.draw import random_rows, select
from sampling.probabilities import Prepared, prepare
from sampling.rotation import Before, Rotation, turns
from tests.sampling.designs import SHIPPED, ManyDraws, small_design, small_frame, small_places, small_scores

DRAWS = 20_000
#: Of 76 prescriptions by 5 designs by 2 arms none should lie further off than this by chance (1 in 1,000,000 each).
FAR = 4.9


@pytest.fixture(scope="module", params=[path.stem for path in SHIPPED])
def drawn(request, tmp_path_factory) -> tuple[str, Prepared, ManyDraws, list]:
    frame = small_frame()
    design = small_design(request.param, tmp_path_factory.mktemp("design"))
    # Second quarter of the year: V2 was not there in the first, and none of the others was drawn then.
    rotation = Rotation(1, ({code: Before(0.25, False) for code in ("V1", "V3", "V4")},))
    prepared = prepare(frame, small_scores(frame), {"H2-03"}, design, small_places(), rotation)
    seeds = [f"{request.param} {number}" for number in range(DRAWS)]
    many = ManyDraws(prepared, seeds)
    for number in range(60):
        assert (random_rows(prepared, seeds[number]) == many.random[number]).all()
        assert list(select(prepared, design, seeds[number])["rxno"]) == list(many.rows["rxno"][many.any[number]])
    return request.param, prepared, many, seeds


def conditional(prepared: Prepared) -> np.ndarray:
    """p_random given the quarters before, which in these redraws are fixed."""
    rows = prepared.frame
    ratio = [
        prepared.turns[code].chance / prepared.turns[code].prob if code in prepared.turns else 1.0
        for code in rows["fixmedins_code"]
    ]
    return rows["p_random"].to_numpy() * np.array(ratio)


def test_frequencies_are_the_probabilities(drawn):
    _, prepared, many, _ = drawn
    rows, p_random = prepared.frame, conditional(prepared)
    missed = (1 - p_random) * (1 - rows["p_targeted"].to_numpy()) * (1 - rows["p_clue"].to_numpy())
    for seen, chance in ((many.random, p_random), (many.targeted, rows["p_targeted"].to_numpy()), (many.any, 1 - missed)):
        frequency = seen.mean(axis=0)
        error = np.sqrt(chance * (1 - chance) / DRAWS)
        assert (np.abs(frequency - chance) <= FAR * error + 1e-12).all()
    assert p_random.min() > 0
    assert p_random.max() <= 1


def test_horvitz_thompson_totals_are_unbiased(drawn):
    _, prepared, many, _ = drawn
    rows, p_random = prepared.frame, conditional(prepared)
    missed = (1 - p_random) * (1 - rows["p_targeted"].to_numpy()) * (1 - rows["p_clue"].to_numpy())
    loss = np.random.default_rng(8).gamma(0.6, 80, len(rows)).round(2)
    of_h1 = np.where(rows["fixmedins_code"] == "H1", loss, 0)
    for values in (loss, of_h1, np.ones(len(rows))):
        for seen, chance in ((many.random, p_random), (many.any, 1 - missed)):
            totals = seen @ (values / chance)
            error = totals.std() / DRAWS**0.5
            assert abs(totals.mean() - values.sum()) <= 4 * error + 1e-6


def test_random_arms_have_exactly_their_size(drawn):
    name, prepared, many, _ = drawn
    strata = prepared.frame["stratum"].astype(str).to_numpy()
    for stratum, n in prepared.sizes.items():
        rows = many.random[:, strata == stratum]
        if stratum.endswith("/ward"):
            continue
        counts = set(rows.sum(axis=1).tolist())
        assert counts == ({0, n} if stratum in prepared.turns and prepared.turns[stratum].chance < 1 else {n})
    if name == "wards":
        stays = prepared.frame["unit"].to_numpy()[strata == "H1/ward"]
        taken = many.random[:, strata == "H1/ward"]
        for stay in set(stays):
            orders = taken[:, stays == stay]
            assert (orders.all(axis=1) == orders.any(axis=1)).all()
        assert 0 < taken.mean() < 1


def test_the_expected_size_is_the_capacity(drawn):
    _, prepared, many, _ = drawn
    targeted = many.targeted.sum(axis=1)
    assert abs(targeted.mean() - prepared.frame["p_targeted"].sum()) <= 4 * targeted.std() / DRAWS**0.5
    planned = prepared.frame["p_random"].sum() + prepared.frame["p_targeted"].sum() + 1
    assert planned == pytest.approx(45, abs=1.5)


def test_the_draws_of_a_year_weigh_up_to_the_frame(tmp_path: Path):
    """With the quarters before drawn too, the stated probabilities themselves are unbiased for every clinic."""
    frame, design = small_frame(), small_design("two_stage", tmp_path)
    years, sums = 2_000, {code: np.zeros(4) for code in ("V1", "V2", "V3")}
    # V2 has no prescription in the first quarter.
    there = [["H1", "V1", "V3", *(["V2"] if quarter else [])] for quarter in range(4)]
    never = tuple(
        {code: Before(1 / (4 - quarter), False) for code in codes if code != "H1"} for quarter, codes in enumerate(there)
    )
    fresh = [
        prepare(
            frame[frame["fixmedins_code"].isin(codes)], None, (), design, small_places(), Rotation(quarter, never[:quarter])
        )
        for quarter, codes in enumerate(there)
    ]
    for year in range(years):
        earlier: list[dict[str, Before]] = []
        for quarter in range(4):
            given = turns(sums.keys() & set(there[quarter]), design, Rotation(quarter, tuple(earlier)))
            assert {code: turn.prob for code, turn in given.items()} == {c: t.prob for c, t in fresh[quarter].turns.items()}
            taken = random_rows(replace(fresh[quarter], turns=given), f"{year}/{quarter}")
            codes, probs = fresh[quarter].frame["fixmedins_code"].to_numpy(), fresh[quarter].frame["p_random"].to_numpy()
            drawn = set(codes[taken])
            for code in drawn & sums.keys():
                sums[code][quarter] += (1 / probs[taken & (codes == code)]).sum()
            earlier.append({code: Before(turn.first, code in drawn) for code, turn in given.items()})
        for code in sums:
            assert sum(code in part and part[code].drawn for part in earlier) == 1
    sizes = frame["fixmedins_code"].value_counts()
    for code, totals in sums.items():
        share = np.array([0, 1 / 3, 1 / 3, 1 / 3]) if code == "V2" else np.full(4, 0.25)
        wanted = np.where(share > 0, sizes[code], 0)
        error = np.where(share > 0, sizes[code] * np.sqrt((1 - share) / np.maximum(share, 1e-9) / years), 0)
        assert (np.abs(totals / years - wanted) <= 4.5 * error + 1e-9).all()
