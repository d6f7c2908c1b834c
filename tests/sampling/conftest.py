from __future__ import annotations

import hashlib
import hmac
import random
from pathlib import Path

import pandas as pd
import pytest

from sampling.design import Design, load_design

SIZES = {"H1": 60, "H2": 25, "H3": 3, "H4": 1, "H5": 200}


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = [(f"{code}-{number:03d}", code) for code, size in SIZES.items() for number in range(size)]
    return pd.DataFrame(rows, columns=["rxno", "fixmedins_code"])


@pytest.fixture
def scores(frame: pd.DataFrame) -> pd.DataFrame:
    chance = random.Random(5)
    return pd.DataFrame({"rxno": frame["rxno"], "score": [chance.betavariate(1, 5) for _ in frame["rxno"]]})


@pytest.fixture
def design() -> Design:
    return load_design(capacity=60)


@pytest.fixture
def vectors(shared: Path) -> dict:
    import json

    return json.loads((shared / "vectors" / "vectors.json").read_text())


class SlowDraw:
    """The draw again, in plain Python and without any of the room's code but the allocation's result."""

    @staticmethod
    def number(seed: str, arm: str, rxno: str) -> float:
        digest = hmac.new(seed.encode(), f"{arm}:{rxno}".encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    @staticmethod
    def probabilities(risk: dict[str, float], expected: float) -> dict[str, float]:
        """The factor c is found by halving, not by setting aside what is certain."""
        positive = {k: v for k, v in risk.items() if v > 0}
        if expected >= len(positive):
            return {k: float(v > 0) for k, v in risk.items()}
        low, high = 0.0, 1e9
        for _ in range(300):
            middle = (low + high) / 2
            if sum(min(1, middle * v) for v in positive.values()) < expected:
                low = middle
            else:
                high = middle
        return {k: min(1.0, high * v) for k, v in risk.items()}

    @staticmethod
    def mix(risk: dict[str, float], novelty: dict[str, float], shares: tuple[float, float, float]) -> dict[str, float]:
        """Risk, novelty and an even spread, each in its share."""
        parts = [risk, novelty, dict.fromkeys(risk, 1.0)]
        sums = [sum(part.values()) for part in parts]
        return {k: sum(s * part.get(k, 0) / t for s, part, t in zip(shares, parts, sums, strict=True) if t) for k in risk}

    @classmethod
    def draw(cls, institution, sizes, risk, clues, expected, seed) -> dict[str, tuple[str, float, float]]:
        """rxno -> arm, incl_prob, incl_prob_any."""
        targeted = cls.probabilities(risk, expected)
        drawn = {}
        for code, size in sizes.items():
            own = [rxno for rxno, where in institution.items() if where == code]
            taken = sorted(own, key=lambda rxno: (cls.number(seed, "random", rxno), rxno))[:size]
            for rxno in own:
                pr, pt, pc = size / len(own), targeted[rxno], float(rxno in clues)
                either = 1 - (1 - pr) * (1 - pt) * (1 - pc)
                if rxno in taken:
                    drawn[rxno] = ("random", pr, either)
                elif rxno in clues:
                    drawn[rxno] = ("clue", 1.0, either)
                elif cls.number(seed, "targeted", rxno) < pt:
                    drawn[rxno] = ("targeted", pt, either)
        return drawn


@pytest.fixture
def slow() -> type[SlowDraw]:
    return SlowDraw
