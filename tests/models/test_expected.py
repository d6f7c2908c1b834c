"""What calibrated scores promise, beside what labels drawn from them then give; and when a scheduler is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.expected import AT_CAPACITY, AVERAGE, PREVALENCE, came_true, estimate, level_of
from models.measures import at_capacity, average_precision

SHARE = 0.1


def _scores(seed: int, count: int = 3000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    raw = rng.normal(-2, 1.5, count)
    probability = 1 / (1 + np.exp(-raw))
    return raw, probability, (rng.random(count) < probability).astype(float)


def test_calibrated_scores_promise_what_labels_then_give() -> None:
    held = dict.fromkeys((PREVALENCE, AVERAGE, AT_CAPACITY), 0)
    for seed in range(40):
        raw, probability, label = _scores(seed, 800)
        promised, weight = estimate(raw, probability, SHARE), np.ones(len(raw))
        found = {
            PREVALENCE: label.mean(),
            AVERAGE: average_precision(label, raw, weight),
            AT_CAPACITY: at_capacity(label, raw, weight, SHARE)[0],
        }
        assert promised[PREVALENCE]["value"] == pytest.approx(probability.mean())
        for name, value in found.items():
            low, high = promised[name]["interval90"]
            held[name] += low <= value <= high
    # Nine in ten of forty: 36 are expected, 31 or fewer come by chance about once in fifty.
    assert all(count >= 31 for count in held.values()), held


def _rows(seed: int, off: float = 0.0) -> dict[str, Any]:
    raw, _, label = _scores(seed)
    wrong = 1 / (1 + np.exp(-(raw + off)))
    rng = np.random.default_rng(seed + 100)
    return {"raw": raw, "probability": wrong, "label": label, "weight": rng.gamma(2, 1, len(raw)),
            "group": rng.integers(0, 80, len(raw))}  # fmt: skip


def test_what_was_found_is_the_weighted_measure_of_the_verdicts() -> None:
    rows = _rows(5)
    kept = came_true(rows, SHARE)
    assert kept is not None
    expected = average_precision(rows["label"], rows["raw"], rows["weight"])
    assert kept["found"][AVERAGE]["value"] == pytest.approx(expected)
    assert kept["found"][PREVALENCE]["value"] == pytest.approx(np.average(rows["label"], weights=rows["weight"]))
    for name, entry in kept["gap"].items():
        assert entry["value"] == pytest.approx(kept["found"][name]["value"] - kept["expected"][name]["value"])
        assert entry["interval90"][0] <= entry["value"] <= entry["interval90"][1]


def test_a_promise_that_is_not_kept_is_seen_and_one_that_is_is_not() -> None:
    calm = [came_true(_rows(seed), SHARE) for seed in range(12)]
    over = [came_true(_rows(seed, off=1.5), SHARE) for seed in range(12)]
    assert sum(kept is not None and kept["gap"][AT_CAPACITY]["interval90"][1] < 0 for kept in calm) <= 2
    assert all(kept is not None and kept["gap"][AT_CAPACITY]["interval90"][1] < 0 for kept in over)


def test_too_few_positive_verdicts_say_nothing() -> None:
    rows = _rows(1)
    assert came_true({**rows, "label": np.zeros(3000)}, SHARE) is None
    assert came_true({**rows, "label": np.ones(3000)}, SHARE) is None


def _span(low: float, high: float) -> dict[str, Any]:
    return {"value": (low + high) / 2, "interval90": [low, high]}


# promised, found, gap (each low-high of both measures; - = no verdicts), the test being 0.50-0.60 -> level
LEVELS = """
0.45-0.55 | -         | -          | ok
0.30-0.45 | -         | -          | notice
0.55-0.65 | 0.45-0.52 | -0.12-0.01 | ok
0.55-0.65 | 0.45-0.52 | -0.12--0.03 | notice
0.55-0.65 | 0.30-0.45 | -0.30--0.10 | large
"""


@pytest.mark.parametrize("line", LEVELS.strip().splitlines())
def test_levels(line: str) -> None:
    promised, found, gap, expected = (part.strip() for part in line.split("|"))

    def spans(text: str) -> dict[str, Any]:
        low, high = text[0] + text[1:].replace("-", " ", 1).split()[0], text[1:].replace("-", " ", 1).split()[1]
        return dict.fromkeys((AVERAGE, AT_CAPACITY), _span(float(low), float(high)))

    kept = None if found == "-" else {"found": spans(found), "gap": spans(gap)}
    level, why = level_of(spans(promised), kept, spans("0.50-0.60"))
    assert level == expected
    assert bool(why) == (level != "ok")
