"""The gate: which rows are compared, what stops a challenger, and that one person alone never promotes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.gate import AT_CAPACITY, CALIBRATION, PRECISION, Judged, judge, same_person
from models.measures import at_capacity, average_precision, calibration_error
from models.registry import CHALLENGER, CHAMPION, Registry
from models.specs import ModelSpec
from models.training import Trained
from records.errors import GateRefused


def _logistic(raw: Any) -> Any:
    return 1 / (1 + np.exp(-raw))


def frames(seed: int = 1, count: int = 600) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test rows of a challenger and of a champion that ranks and calibrates alike."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 2, count)
    rows = pd.DataFrame(
        {"key": [f"R{n:04d}" for n in range(count)], "quarter": np.where(rng.random(count) < 0.7, "2026Q2", "2026Q1")}
    )
    rows["label"] = (rng.random(count) < _logistic(truth)).astype(int)
    rows["group"] = [f"D{n % 60}" for n in range(count)]
    rows["known"] = rng.random(count) < 0.9
    rows["random"] = rows["known"] & (rng.random(count) < 0.6)
    rows["weight"] = np.where(rows["random"], 2.0, 0.5)
    rows["by_sex"] = np.where(rng.random(count) < 0.5, "1", "2")
    rows["by_age"] = rng.choice(["under 18", "18 to 64", "65 and over"], count)
    mine, other = (truth + rng.normal(0, 0.5, count) for _ in range(2))
    champion = rows[["key", "quarter"]].assign(raw=other, probability=_logistic(other))
    return rows.assign(raw=mine, probability=_logistic(mine)), champion


def judged(test: pd.DataFrame, tested: pd.DataFrame, spec: ModelSpec) -> Judged:
    challenger: Any = SimpleNamespace(spec=spec, manifest={"metrics": {"gain": {}}})
    champion: Any = SimpleNamespace(is_weak=False, quarters=["2026Q2"])
    return judge(challenger, test, champion, tested)


def test_equals_are_not_refused_and_the_numbers_are_those_of_the_random_arm(spec: ModelSpec) -> None:
    test, tested = frames()
    found = judged(test, tested, spec)
    assert found.objections == []
    assert found.comparison["arm"] == "random arm of 2026Q2"
    rows = test["random"] & (test["quarter"] == "2026Q2")
    label, weight = test.loc[rows, "label"].to_numpy(float), test.loc[rows, "weight"].to_numpy(float)
    slow = {
        PRECISION: [average_precision(label, frame.loc[rows, "raw"], weight) for frame in (test, tested)],
        AT_CAPACITY: [at_capacity(label, frame.loc[rows, "raw"], weight, spec.capacity_share)[0] for frame in (test, tested)],
        CALIBRATION: [
            -calibration_error(label, frame.loc[rows, "probability"].to_numpy(float), weight) for frame in (test, tested)
        ],
    }
    assert found.comparison["rows"] == rows.sum()
    for name, (mine, other) in slow.items():
        entry = found.comparison["differences"][name]
        assert entry["value"] == pytest.approx(mine - other)
        assert entry["interval90"][0] <= entry["value"] <= entry["interval90"][1]
    assert [entry["subgroup"] for entry in found.comparison["subgroups"]] == [
        "age 18 to 64", "age 65 and over", "age under 18", "sex 1", "sex 2",
    ]  # fmt: skip


def test_what_was_not_drawn_at_random_does_not_decide(spec: ModelSpec) -> None:
    test, tested = frames()
    aimed = ~test["random"].to_numpy(bool)
    test.loc[aimed, "raw"] = -test.loc[aimed, "raw"]
    assert judged(test, tested, spec).objections == []


def _objections(test: pd.DataFrame, tested: pd.DataFrame, spec: ModelSpec) -> str:
    return " | ".join(judged(test, tested, spec).objections)


def test_a_worse_order_at_the_top_is_refused(spec: ModelSpec) -> None:
    test, tested = frames(count=3000)
    top = test["raw"] > np.quantile(test["raw"], 0.8)
    assert "precision at capacity" in _objections(test.assign(raw=test["raw"].where(~top, -9)), tested, spec)


def test_a_worse_calibration_alone_is_refused(spec: ModelSpec) -> None:
    test, tested = frames()
    (said,) = judged(test.assign(probability=_logistic(test["raw"] + 1.5)), tested, spec).objections
    assert said.startswith("its calibration error is 0.")
    assert "above the champion's" in said


def test_a_subgroup_is_not_sacrificed_for_the_rest(spec: ModelSpec) -> None:
    test, tested = frames(count=1500)
    old, rng = test["by_age"] == "65 and over", np.random.default_rng(3)
    raw = test["raw"].where(~old, rng.normal(-1, 1, len(test))).where(old, test["raw"] + 4 * test["label"])
    found = judged(test.assign(raw=raw), tested, spec)
    assert found.comparison["value"] > 0
    (said,) = (text for text in found.objections if "subgroup" in text)
    assert "the subgroup age 65 and over" in said


def test_without_a_random_arm_the_known_rows_count_and_without_them_all(spec: ModelSpec) -> None:
    test, tested = frames()
    known = judged(test.assign(random=False), tested, spec).comparison
    assert (known["arm"], known["rows"]) == ("rows of known inclusion probability", test["known"].sum())
    unknown = judged(test.assign(random=False, known=False), tested, spec).comparison
    assert unknown["rows"] == len(test)
    assert "unknown" in unknown["arm"]
    few = test.assign(random=test["random"] & (test["quarter"] == "2026Q1"))
    assert judged(few, tested, spec).comparison["arm"] == "random arm of the test quarters"


PERSONS = """
李主任      | 李 主任       | same
Li Ming    | ｌｉ ｍｉｎｇ  | same
Li Ming    | li  MING      | same
李主任      | 王副局长      | another
"""


@pytest.mark.parametrize("line", PERSONS.strip().splitlines())
def test_a_person_written_otherwise_is_no_second_person(line: str) -> None:
    one, other, expected = (part.strip() for part in line.split("|"))
    assert same_person(one, other) == (expected == "same")


def test_who_trained_does_not_approve_whatever_the_reason(registry: Registry, trained: Trained, spec: ModelSpec) -> None:
    registry.register(trained, CHALLENGER, {}, "数据员 甲")
    registry.register(trained, CHALLENGER, {}, "数据员乙")
    for name in ("数据员甲", " 数据员乙 ", "  "):
        for reason in (None, "urgent"):
            with pytest.raises(GateRefused, match="second person"):
                registry.promote(spec, name, reason)
    assert registry.under(spec, CHAMPION) is None
    event = registry.promote(spec, "李主任")
    assert (event["trained_by"], event["approved_by"]) == (["数据员 甲", "数据员乙"], "李主任")
