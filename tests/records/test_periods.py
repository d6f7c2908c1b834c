from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import WrongUse
from records.periods import Quarter

quarters = st.builds(Quarter, st.integers(1950, 2100), st.integers(1, 4))


def test_a_quarter_is_half_open() -> None:
    quarter = Quarter.parse("2026Q3")
    assert (quarter.begin, quarter.end) == (datetime(2026, 7, 1), datetime(2026, 10, 1))
    assert Quarter.of(quarter.end - timedelta(microseconds=1)) == quarter
    assert Quarter.of(quarter.end) == Quarter.parse("2026Q4")


@given(quarters, st.integers(-40, 40))
def test_shifting_there_and_back(quarter: Quarter, steps: int) -> None:
    assert quarter.shift(steps).shift(-steps) == quarter
    assert Quarter.parse(str(quarter)) == quarter
    assert quarter.shift(1).begin == quarter.end


@pytest.mark.parametrize("text", ["2026", "2026Q5", "2026q3", "Q3", "", "26Q3", "2026Q3x", "0000Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="2026Q3"):
        Quarter.parse(text)
