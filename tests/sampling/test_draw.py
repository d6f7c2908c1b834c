from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import DesignRefused, WrongUse
from sampling.design import load_design
from sampling.draw import COLUMNS, draw, prepare, select, targeted_probabilities

CLUES = {"H1-000", "H5-007", "H9-not-in-frame"}


def test_equals_the_slow_draw(frame, scores, design, slow):
    prepared = prepare(frame, scores, CLUES, design)
    risk = dict(zip(scores["rxno"], scores["score"], strict=True))
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


def test_frequencies_and_totals_over_many_redraws(frame, scores, design):
    draws = 2000
    prepared = prepare(frame, scores, {"H5-007"}, design)
    known = prepared.frame.set_index("rxno")
    either = 1 - (1 - known["p_random"]) * (1 - known["p_targeted"]) * (1 - known["p_clue"])
    truth = pd.Series(np.where(scores["score"] > 0.2, 3.5, 1.0), index=scores["rxno"])
    seen, random_seen, totals, targeted_sizes = Counter(), Counter(), [], []
    for number in range(draws):
        got = select(prepared, design, f"seed {number}")
        seen.update(got["rxno"])
        random = got[got["arm"] == "random"]
        random_seen.update(random["rxno"])
        totals.append(float((random["weight"] * random["rxno"].map(truth)).sum()))
        targeted_sizes.append(len(got))
    for counted, probability in ((seen, either), (random_seen, known["p_random"])):
        frequency = pd.Series(counted).reindex(known.index).fillna(0) / draws
        error = np.sqrt(probability * (1 - probability) / draws)
        assert ((frequency - probability).abs() <= 4.5 * error + 1e-9).all()
        assert abs(float((frequency - probability).sum())) < 0.2
    spread = float(np.std(totals)) / draws**0.5
    assert abs(float(np.mean(totals)) - truth.sum()) < 4 * spread
    assert np.mean(targeted_sizes) == pytest.approx(either.sum(), abs=0.4)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1, allow_subnormal=False), max_size=60), st.integers(0, 80))
def test_targeted_probabilities_reach_the_expected_size(risk, expected):
    got = targeted_probabilities(np.array(risk), expected)
    positive = sum(value > 0 for value in risk)
    assert got.sum() == pytest.approx(min(expected, positive), abs=1e-6)
    assert ((got >= 0) & (got <= 1)).all()
    order = np.argsort(risk, kind="stable")
    assert (np.diff(got[order]) >= -1e-12).all()
