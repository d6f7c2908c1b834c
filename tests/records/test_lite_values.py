"""Values in SQLite beside DuckDB and exact fractions: rounding, casts, texts, patterns, and what does not come in."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.lite import values
from records.lite.database import way_in
from records.lite.types import parse

whole_numbers = st.integers(-(10**16) + 1, 10**16 - 1)


def half_away(value: Fraction) -> int:
    found = math.floor(abs(value) + Fraction(1, 2))
    return found if value >= 0 else -found


@given(whole_numbers, st.integers(0, 6))
def test_fewer_places_are_halves_away_from_zero(number: int, places: int) -> None:
    assert int(values.rescale(number, -places, 18)) == half_away(Fraction(number, 10**places))


@given(whole_numbers, st.integers(0, 4))
def test_floor_and_ceiling_of_decimals_are_exact(number: int, places: int) -> None:
    exact = Fraction(number, 10**places)
    assert (values.floor_exact(number, places), values.ceil_exact(number, places)) == (math.floor(exact), math.ceil(exact))


@given(whole_numbers, st.integers(0, 6))
def test_a_decimal_is_written_and_read_as_it_is(number: int, places: int) -> None:
    text = values.decimal_text(number, places)
    assert Decimal(text) == Decimal(number).scaleb(-places)
    assert values.decimal_of_text(text, 18, places) == number


@given(st.integers(), st.integers().filter(bool), st.integers())
def test_exact_numbers_have_no_size(one: int, other: int, more: int) -> None:
    product = values.times(values.said(one), values.said(other))
    assert int(values.plus(product, values.said(more))) == one * other + more
    assert int(values.minus(product, values.said(more))) == one * other - more
    assert int(values.whole_part(product, values.said(other))) == one
    assert values.compare(product, values.said(more)) == (one * other > more) - (one * other < more)
    assert int(values.whole_part(values.said(one), values.said(other))) == math.trunc(Fraction(one, other))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), whole_numbers), min_size=1, max_size=8))
def test_doubles_round_and_become_decimals_as_in_duckdb(pairs: list[tuple[float, int]]) -> None:
    con = duckdb.connect()
    for value, number in pairs:
        told = con.execute(
            "SELECT round($v::DOUBLE, 2), round($v::DOUBLE), $v::DOUBLE::DECIMAL(16, 2), $v::DOUBLE::INTEGER::BIGINT, "
            "($n::DECIMAL(16, 0) * 0.0001)::DECIMAL(18, 4)::DOUBLE, $n::DECIMAL(18, 0)::DOUBLE",
            {"v": value, "n": number},
        ).fetchone()
        mine = (
            values.round_double(value, 2), values.round_double(value, 0),
            Decimal(values.decimal_of_double(value, 16, 2)).scaleb(-2), values.int_of_double(value, 32, 0),
            values.double_of(number, 4), values.double_of(number, 0),
        )  # fmt: skip
        assert told == mine


def test_small_letters_and_trimmed_texts_are_duckdbs() -> None:
    con = duckdb.connect()
    chars = [chr(point) for point in range(1, 0x3100) if not 0xD800 <= point < 0xE000] + list("ＡＺ\u212a\u212b\U00010400")
    told = con.execute("SELECT lower(c) FROM (SELECT unnest($chars) AS c)", {"chars": chars}).fetchall()
    differ = [(char, small) for char, (small,) in zip(chars, told, strict=True) if small != values.lower(char)]
    assert differ == []


@settings(deadline=None)
@given(st.sampled_from(["7", " 7 ", "+7", "-2.5", "2.5", ".5", "5.", "1e3", "", "x", "1.5x", "99999999999", "07", "- 1", "二"]))
def test_integers_are_read_out_of_texts_as_in_duckdb(text: str) -> None:
    ((told,),) = duckdb.connect().execute("SELECT try_cast($t AS INTEGER)", {"t": text}).fetchall()
    assert values.int_of_text(text, 32, 1) == told


@pytest.mark.parametrize("pattern", ["a+", "a?b", "(?i)a", "[[:alpha:]]", "\\d", "a{2}", "a*", "$", "\\bx"])
def test_a_pattern_that_engines_may_read_otherwise_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        values.matches("aab", pattern)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("SMALLINT", 40_000), ("INTEGER", 2.7), ("INTEGER", "seven"), ("DECIMAL(16, 2)", "1e20"), ("DECIMAL(16, 2)", "much"),
     ("VARCHAR", 7), ("DATE", "soon"), ("TIMESTAMP", "2026-13-01")],
)  # fmt: skip
def test_a_value_of_another_type_does_not_come_in(kind: str, value: Any) -> None:
    with pytest.raises((ArithmeticError, ValueError, TypeError)):
        way_in(parse(kind))(value)
