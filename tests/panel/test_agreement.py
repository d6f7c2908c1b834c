from __future__ import annotations

import json
from pathlib import Path

import pytest

from panel.agreement import agreement_of


@pytest.mark.shared
def test_published_coefficients(shared: Path) -> None:
    block = json.loads((shared / "vectors" / "vectors.json").read_text(encoding="utf-8"))["agreement"]
    table, expected = block["two_raters_3x3"], block["expected"]
    pairs = [(str(i), str(j)) for i in range(3) for j in range(3) for _ in range(table[i][j])]
    found = agreement_of(pairs)
    assert found.percent == pytest.approx(expected["pa"], abs=1e-6)
    assert found.cohen == pytest.approx(expected["cohen"], abs=1e-6)
    assert found.ac1 == pytest.approx(expected["ac1"], abs=1e-6)
    assert found.alpha == pytest.approx(expected["alpha"], abs=1e-6)


def test_nothing_can_be_said_without_pairs_or_variation() -> None:
    assert agreement_of([]).percent is None
    alike = agreement_of([("0", "0")] * 5)
    assert (alike.percent, alike.cohen, alike.ac1) == (1.0, None, 1.0)
