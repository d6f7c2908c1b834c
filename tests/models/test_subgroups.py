"""Rates by subgroup beside a slow reference that looks at rows one by one."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from models.subgroups import LEAST_ROWS, MEASURES, subgroups


def _rows(count: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    raw = np.round(rng.normal(0, 2, count), 1)
    return pd.DataFrame(
        {
            "label": (rng.random(count) < 1 / (1 + np.exp(-raw))).astype(int),
            "raw": raw,
            "probability": 1 / (1 + np.exp(-raw)),
            "group": rng.integers(0, 30, count).astype(str),
            "by_sex": rng.choice(["1", "2", None], count),
            "by_area": rng.choice(["A", "B"], count),
        }
    )


def _slow(rows: pd.DataFrame, weight: list[float], share: float, by: str, value: str) -> dict[str, float]:
    left, looked = share * sum(weight), {}
    for raw in sorted(set(rows["raw"]), reverse=True):
        same = [n for n in range(len(rows)) if rows["raw"].iloc[n] == raw]
        mass = sum(weight[n] for n in same)
        part = max(0.0, min(1.0, left / mass))
        looked.update(dict.fromkeys(same, part))
        left -= part * mass
    mine = [n for n in range(len(rows)) if ("unknown" if pd.isna(rows[by].iloc[n]) else rows[by].iloc[n]) == value]
    bad = {n: weight[n] * rows["label"].iloc[n] for n in mine}
    good = {n: weight[n] - bad[n] for n in mine}

    def share_of(part: float, whole: float) -> float:
        return part / whole if whole > 0 else math.nan

    return {
        "precision": share_of(sum(bad[n] * looked[n] for n in mine), sum(weight[n] * looked[n] for n in mine)),
        "missed_share": share_of(sum(bad[n] * (1 - looked[n]) for n in mine), sum(bad.values())),
        "false_share": share_of(sum(good[n] * looked[n] for n in mine), sum(good.values())),
        "calibration_gap": share_of(
            sum(weight[n] * rows["probability"].iloc[n] - bad[n] for n in mine), sum(weight[n] for n in mine)
        ),
    }


@pytest.mark.parametrize(("seed", "share"), [(1, 0.02), (2, 0.13), (3, 0.5), (4, 1.0)])
def test_rates_of_every_subgroup(seed: int, share: float) -> None:
    rows = _rows(120, seed)
    weight = np.random.default_rng(seed).gamma(3, 0.3, len(rows))
    found = subgroups(rows, weight, share, 1)
    assert {(entry["by"], entry["value"]) for entry in found} >= {("area", "A"), ("area", "B")}
    for entry in found:
        column = {"sex": "by_sex", "area": "by_area"}[entry["by"]]
        slow = _slow(rows, weight.tolist(), share, column, entry["value"])
        for name in MEASURES:
            assert entry[name]["value"] == pytest.approx(slow[name], nan_ok=True), name


def test_intervals_hold_the_value_and_small_subgroups_are_not_told() -> None:
    rows = _rows(2000)
    rows.loc[: LEAST_ROWS - 2, "by_area"] = "small"
    found = subgroups(rows, np.ones(len(rows)), 0.2, 1)
    assert not [entry for entry in found if entry["value"] == "small"]
    assert [entry["value"] for entry in found if entry["by"] == "sex"] == ["1", "2", "unknown"]
    for entry in found:
        for name in MEASURES:
            low, high = entry[name]["interval90"]
            assert low <= entry[name]["value"] <= high
    assert subgroups(rows, np.ones(len(rows)), 0.2, 1) == found
