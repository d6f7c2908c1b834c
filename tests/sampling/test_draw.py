from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import DesignRefused, WrongUse
from sampling.design import load_design
from sampling.draw import COLUMNS, draw, select
from sampling.probabilities import prepare, targeted_mix, targeted_probabilities

CLUES = {"H1-000", "H5-007", "H9-not-in-frame"}


def test_equals_the_slow_draw(frame, scores, design, slow):
    prepared = prepare(frame, scores, CLUES, design)
    risk = slow.mix(dict(zip(scores["rxno"], scores["score"], strict=True)), {}, (0.95, 0, 0.05))
    institution = dict(zip(frame["rxno"], frame["fixmedins_code"], strict=True))
    for seed in ("s1", "种子", "s3"):
        got = draw(frame.sample(frac=1, random_state=3), scores, CLUES, design, seed)
        expected = slow.draw(institution, prepared.sizes, risk, CLUES, design.targeted_capacity - 2, seed)
        assert list(got["rxno"]) == sorted(expected)
        for row in got.itertuples():
            arm, own, either = expected[row.rxno]
            assert row.arm == arm
            assert row.incl_prob == pytest.approx(own, abs=1e-9)
            assert row.incl_prob_any == pytest.approx(either, abs=1e-9)
            assert row.weight == pytest.approx(1 / own)
        order = sorted(got["rxno"], key=lambda rxno: slow.number(seed, "order", rxno))
        assert order == list(got.sort_values("draw_order")["rxno"])


def test_has_the_columns_of_the_contract(frame, scores, design):
    got = draw(frame, scores, set(), design, "s")
    assert tuple(got.columns) == COLUMNS
    assert sorted(got["draw_order"]) == list(range(1, len(got) + 1))
    assert set(got["design_id"]) == {design.design_id}
    assert (got["stratum"] == got["fixmedins_code"]).all()
    random = got[got["arm"] == "random"]
    assert set(random["fixmedins_code"]) == set(frame["fixmedins_code"])
    assert len(random) == design.random_capacity
    assert random["weight"].sum() == pytest.approx(len(frame))


def test_order_tells_nothing_about_the_arm(frame, scores, design):
    places = [
        draw(frame, scores, set(), design, f"s{number}").assign(share=lambda got: got["draw_order"] / len(got))
        for number in range(40)
    ]
    means = pd.concat(places).groupby("arm")["share"].mean()
    assert abs(means["random"] - means["targeted"]) < 0.05


def test_without_scores_the_random_arm_takes_all(frame, design):
    prepared = prepare(frame, None, set(), design)
    got = select(prepared, design, "s")
    assert set(got["arm"]) == {"random"}
    assert len(got) == design.capacity
    assert "random arm" in prepared.notes[0]["why_en"]


def test_random_arm_comes_first_where_institutions_are_many(frame, scores):
    design = load_design(capacity=6)
    prepared = prepare(frame, scores, set(), design)
    assert sum(prepared.sizes.values()) == 5
    assert prepared.frame["p_targeted"].sum() == pytest.approx(1)
    assert prepared.notes
    with pytest.raises(DesignRefused, match="at least 5"):
        prepare(frame, scores, set(), load_design(capacity=4))


def test_more_clues_than_places_are_all_taken(frame, scores, design):
    clues = set(frame["rxno"][:40])
    got = draw(frame, scores, clues, design, "s")
    assert clues <= set(got["rxno"])
    assert "targeted" not in set(got["arm"])


def test_empty_frame_gives_an_empty_sample(frame, scores, design):
    got = draw(frame.iloc[:0], scores, set(), design, "s")
    assert tuple(got.columns) == COLUMNS
    assert got.empty


def test_refuses_what_is_no_frame_or_no_score(frame, scores, design):
    with pytest.raises(WrongUse):
        draw(pd.concat([frame, frame.iloc[:1]]), scores, set(), design, "s")
    with pytest.raises(WrongUse):
        draw(frame, scores.assign(score=1.5), set(), design, "s")
    with pytest.raises(WrongUse):
        draw(frame, pd.concat([scores, scores]), set(), design, "s")


def test_novelty_and_exploration_have_their_shares(frame, scores, design, slow):
    novelty = pd.Series([1.0 if number % 50 == 0 else 0.02 for number in range(len(frame))])
    prepared = prepare(frame, scores.assign(novelty=novelty)[1:], set(), design)
    risk = {**dict(zip(scores["rxno"], scores["score"], strict=True)), frame["rxno"][0]: 0.0}
    known = {**dict(zip(frame["rxno"], novelty, strict=True)), frame["rxno"][0]: 0.0}
    expected = slow.probabilities(slow.mix(risk, known, (0.9, 0.05, 0.05)), design.targeted_capacity)
    got = dict(zip(prepared.frame["rxno"], prepared.frame["p_targeted"], strict=True))
    assert got == pytest.approx(expected, abs=1e-9)
    # The one without score and novelty is reached by exploration alone.
    assert got[frame["rxno"][0]] == min(got.values()) > 0


def test_a_mix_without_any_risk_is_no_mix(design):
    assert targeted_mix(np.zeros(4), np.ones(4), design).sum() == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1, allow_subnormal=False), max_size=60), st.integers(0, 80))
def test_targeted_probabilities_reach_the_expected_size(risk, expected):
    got = targeted_probabilities(np.array(risk), expected)
    positive = sum(value > 0 for value in risk)
    assert got.sum() == pytest.approx(min(expected, positive), abs=1e-6)
    assert ((got >= 0) & (got <= 1)).all()
    order = np.argsort(risk, kind="stable")
    assert (np.diff(got[order]) >= -1e-12).all()
