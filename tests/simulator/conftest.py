"""Cities of a few sizes, made once for all tests of the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.periods import Quarter
from simulator.city import simulate

SECOND, THIRD = Quarter.parse("2026Q2"), Quarter.parse("2026Q3")


@pytest.fixture(scope="session")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small cities: one in two quarters, the later one twice, and a clean one."""
    base = tmp_path_factory.mktemp("cities")
    simulate(1200, 4, THIRD, 3, False, base / "third")
    simulate(1200, 4, THIRD, 3, False, base / "again", threads=1)
    simulate(1200, 4, SECOND, 0, False, base / "second")
    simulate(1200, 4, THIRD, 0, True, base / "clean")
    return base


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city of the demo: 20,000 persons, the quarter and a year before it."""
    out = tmp_path_factory.mktemp("town") / "city"
    simulate(20_000, 7, THIRD, 12, False, out)
    return out
