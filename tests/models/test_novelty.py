"""Novelty: rare in several ways, shared with the day, explained by nothing; beside a slow reference."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import Feature, load_catalogue
from models.novelty import SHARE, novelty, of_frame, rarity

CATALOGUE = load_catalogue()
MORE = CATALOGUE.feature("prescription", "total_amount")  # more is more suspicious
LESS = CATALOGUE.feature("prescription", "n_diagnoses")  # less is
EITHER = CATALOGUE.feature("prescription", "age_years")  # neither

VALUES = st.lists(st.one_of(st.integers(-4, 60).map(float), st.just(float("nan"))), min_size=1, max_size=90)


@settings(max_examples=40, deadline=None)
@given(VALUES, st.sampled_from([MORE, LESS, EITHER]))
def test_rarity_of_one_feature_beside_the_slow_reference(values: list[float], feature: Feature) -> None:
    known = [value for value in values if value == value]
    got = rarity(of_frame(pd.DataFrame({feature.name: values})), len(values), [feature])
    for value, found in zip(values, got, strict=True):
        expected = []
        for sign in [feature.monotone] if feature.monotone else [1, -1]:
            beyond = sum(sign * other >= sign * value for other in known)
            keep = max(1, int(0.05 * len(known)))
            expected.append(-math.log(beyond / len(known)) if value == value and beyond <= keep else 0.0)
        assert found == pytest.approx(sum(expected))


def test_the_three_rarest_count() -> None:
    features = [f for f in CATALOGUE.of("prescription") if f.monotone == 1 and f.group != "findings"][:5]
    frame = pd.DataFrame({feature.name: np.zeros(100) for feature in features})
    for count, feature in enumerate(features):
        frame.loc[:count, feature.name] = 1.0
    each = [math.log(100 / (count + 1)) if count < 5 else 0 for count in range(5)]
    assert rarity(of_frame(frame), 100, features)[0] == pytest.approx(sum(sorted(each)[-3:]))


def _city(seed: int = 1, count: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = [f.name for f in CATALOGUE.of("prescription") if f.group not in ("findings", "clue")][:20]
    return pd.DataFrame({name: rng.gamma(2, 1, count) for name in names})


def test_a_scheme_of_one_day_is_found_unless_a_finding_explains_it() -> None:
    frame = _city()
    days = np.array([f"D{n // 8}" for n in range(len(frame))])
    strange = np.arange(160, 168)
    chosen = [f.name for f in CATALOGUE.of("prescription") if f.name in frame and f.monotone == 1][:3]
    frame.loc[strange, chosen] += 6.0
    told = novelty(of_frame(frame), days, np.zeros(len(frame), dtype=bool), CATALOGUE.of("prescription"))
    assert ((told >= 0) & (told <= 1)).all()
    assert told.max() == 1
    assert (told > 0).sum() <= SHARE * len(frame)
    assert told[strange].sum() / told.sum() > 0.6
    explained = np.isin(np.arange(len(frame)), strange)
    assert novelty(of_frame(frame), days, explained, CATALOGUE.of("prescription"))[strange].sum() == 0
    order = np.random.default_rng(2).permutation(len(frame))
    mixed = novelty(of_frame(frame.iloc[order]), days[order], np.zeros(len(frame), dtype=bool), CATALOGUE.of("prescription"))
    assert mixed == pytest.approx(told[order])


def test_what_is_alike_or_all_explained_is_nowhere_novel() -> None:
    same = pd.DataFrame({MORE.name: np.ones(50)})
    assert novelty(of_frame(same), ["D"] * 50, np.zeros(50, dtype=bool), [MORE]).sum() == 0
    frame = _city(count=100)
    assert novelty(of_frame(frame), ["D"] * 100, np.ones(100, dtype=bool), CATALOGUE.of("prescription")).sum() == 0
    assert len(novelty(of_frame(frame.iloc[:0]), [], np.zeros(0, dtype=bool), CATALOGUE.of("prescription"))) == 0
