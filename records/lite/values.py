"""What SQLite lacks, as functions of values: exact numbers beyond 64 bits, DuckDB's rounding, casts, texts and patterns.

Nothing is made null in silence: what is too large, or a text that is no number, is an error, and SQLite hands it on.
Any function of a null is null where it is not said otherwise.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import cache
from typing import Any

#: An exact number: an integer, or its digits as text where 64 bits do not hold it.
Exact = int | str
_LOW, _HIGH = -(2**63), 2**63
_EPOCH = date(1970, 1, 1)
_DAY = 86_400_000_000
# What RE2 and Python's patterns read alike.
_PLAIN = re.compile(r"(?:[\w\s^()|.,;:、，；：（）/%&'\"<>=~@#!_-]|\\[^\w\s]|\[(?:[^\[\]\\]|\\[^\w\s])+\])*")


def said(value: int) -> Exact:
    """An integer as SQLite can hold it."""
    return value if _LOW <= value < _HIGH else str(value)


def fit(value: Exact, bits: int) -> int:
    """The integer itself. Raises OverflowError where a type of so many bits does not hold it."""
    number = int(value)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise OverflowError(f"{number} does not fit into {bits} bits")
    return number


def times(one: Exact, other: Exact) -> Exact:
    """A product, whatever its size."""
    return said(int(one) * int(other))


def plus(one: Exact, other: Exact) -> Exact:
    """A sum, whatever its size."""
    return said(int(one) + int(other))


def minus(one: Exact, other: Exact) -> Exact:
    """A difference, whatever its size."""
    return said(int(one) - int(other))


def whole_part(one: Exact, other: Exact) -> Exact:
    """Whole division towards zero. Raises ZeroDivisionError, as DuckDB has it."""
    a, b = int(one), int(other)
    found = abs(a) // abs(b)
    return said(found if (a < 0) == (b < 0) else -found)


def times_64(one: int, other: int) -> int:
    """A product in 64 bits. Raises OverflowError."""
    return fit(one * other, 64)


def plus_64(one: int, other: int) -> int:
    """A sum in 64 bits. Raises OverflowError."""
    return fit(one + other, 64)


def minus_64(one: int, other: int) -> int:
    """A difference in 64 bits. Raises OverflowError."""
    return fit(one - other, 64)


def compare(one: Exact, other: Exact) -> int:
    """-1, 0 or 1."""
    a, b = int(one), int(other)
    return (a > b) - (a < b)


def divide(one: float, other: float) -> float | None:
    """Division of doubles, infinite by zero. Nothing by nothing is null: SQLite has no such number.

    SQLite may divide in a row that another condition drops anyway, so that this must be no error; DuckDB's NaN would pass
    any limit, and checks guard against it.
    """
    if other == 0:
        return None if one == 0 else math.copysign(math.inf, one) * math.copysign(1.0, other)
    return float(one / other)


def half_up(value: float) -> float:
    """The nearest whole double, halves away from zero."""
    if not math.isfinite(value):
        return value
    whole = math.trunc(value)
    return float(whole + (math.copysign(1, value) if abs(value - whole) >= 0.5 else 0))


def floor_double(value: float) -> float:
    """The greatest whole double that is not greater."""
    return float(math.floor(value)) if math.isfinite(value) else value


def ceil_double(value: float) -> float:
    """The least whole double that is not less."""
    return float(math.ceil(value)) if math.isfinite(value) else value


def round_double(value: float, places: int) -> float:
    """A double to so many places, as DuckDB computes it."""
    moved = float(value * 10.0**places)
    return half_up(moved) / 10.0**places if math.isfinite(moved) else value


def rescale(value: Exact, places: int, width: int) -> Exact:
    """A decimal with so many more places (fewer: halves away from zero). Raises OverflowError beyond ``width`` digits."""
    number = int(value)
    if places >= 0:
        number *= 10**places
    else:
        unit = 10**-places
        rest = (2 * abs(number) + unit) // (2 * unit)
        number = rest if number >= 0 else -rest
    if abs(number) >= 10**width:
        raise OverflowError(f"{value} does not fit into {width} digits")
    return said(number)


def floor_exact(value: Exact, places: int) -> Exact:
    """The whole part downwards of a decimal with so many places."""
    return said(int(value) // 10**places)


def ceil_exact(value: Exact, places: int) -> Exact:
    """The whole part upwards of a decimal with so many places."""
    return said(-(-int(value) // 10**places))


def double_of(value: Exact, places: int) -> float:
    """A decimal as a double, as DuckDB computes it."""
    number = int(value)
    unit: int = 10**places
    if abs(number) <= 2**53 or places == 0:
        return float(number / float(unit))
    whole = abs(number) // unit
    found = float(whole) + float(abs(number) - whole * unit) / unit
    return found if number > 0 else -found


def decimal_text(value: Exact, places: int) -> str:
    """A decimal as DuckDB writes it."""
    with localcontext() as here:
        here.prec = 50
        return format(Decimal(int(value)).scaleb(-places), "f")


def int_of_double(value: float, bits: int, trying: int) -> int | None:
    """The nearest integer, halves to the even one. Beyond the type: null when trying, else OverflowError or ValueError."""
    if trying and not (math.isfinite(value) and -(2.0 ** (bits - 1)) <= round(value) < 2.0 ** (bits - 1)):
        return None
    return fit(round(value), bits)


def decimal_of_double(value: float, width: int, places: int) -> Exact:
    """A double as a decimal, halves away from zero as DuckDB computes it."""
    number = int(half_up(value * 10.0**places))
    if abs(number) >= 10**width:
        raise OverflowError(f"{value!r} does not fit into {width} digits")
    return said(number)


def int_of_text(value: str, bits: int, trying: int) -> int | None:
    """An integer from its text, halves away from zero. What is no number is null when trying, else ValueError."""
    try:
        number = _number(value)
        return fit(int(number.quantize(Decimal(1), ROUND_HALF_UP)), bits)
    except (ValueError, OverflowError, InvalidOperation):
        if trying:
            return None
        raise


def double_of_text(value: str) -> float:
    """A double from its text. Raises ValueError."""
    return float(_number(value))


def decimal_of_text(value: str, width: int, places: int) -> Exact:
    """A decimal from its text, halves away from zero. Raises ValueError or OverflowError."""
    with localcontext() as here:
        here.prec = 80
        number = int(_number(value).scaleb(places).quantize(Decimal(1), ROUND_HALF_UP))
    if abs(number) >= 10**width:
        raise OverflowError(f"{value} does not fit into {width} digits")
    return said(number)


def _number(value: str) -> Decimal:
    text = value.strip(" \t\n\r\v\f")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        raise ValueError(f"{value!r} is no number")
    return Decimal(text)


def days_of(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH.toordinal()


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def moment_of(micros: int) -> datetime:
    """A moment from microseconds since 1970."""
    return datetime(1970, 1, 1) + timedelta(microseconds=micros)


def date_text(days: int) -> str:
    """A day as DuckDB writes it."""
    return date.fromordinal(days + _EPOCH.toordinal()).isoformat()


def year_of(days: int) -> int:
    """The year of a day."""
    return date.fromordinal(days + _EPOCH.toordinal()).year


def day_of(micros: int) -> int:
    """The day of a moment, in days since 1970."""
    return micros // _DAY


def clock(micros: int, unit: int, size: int) -> int:
    """Which of ``size`` units of so many microseconds a moment falls into, as hours of a day do."""
    return micros // unit % size


def lower(value: str) -> str:
    """Small letters, one for one."""
    if value.isascii():
        return value.lower()
    return "".join(small if len(small := char.lower()) == 1 else small[0] for char in value)


def matches(value: str, pattern: str) -> int:
    """Whether a pattern occurs in a text. Raises ValueError for one that the engines may read otherwise."""
    return _compiled(pattern).search(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    if not _PLAIN.fullmatch(pattern):
        raise ValueError(f"the pattern {pattern!r} is not one that both engines read alike")
    return re.compile(pattern, re.ASCII)


def greatest(*values: Any) -> Any:
    """The greatest that is not null; null of nulls."""
    return max((value for value in values if value is not None), default=None)


def least(*values: Any) -> Any:
    """The least that is not null; null of nulls."""
    return min((value for value in values if value is not None), default=None)


def greatest_wide(*values: Exact | None, sign: int) -> Exact | None:
    """The greatest (with ``sign`` -1 the least) exact number that is not null; null of nulls."""
    return max((value for value in values if value is not None), key=lambda value: sign * int(value), default=None)


def without(value: str, chars: str) -> str:
    """A text without those characters."""
    return value.translate({ord(char): None for char in chars})


class Joined:
    """The aggregate ``string_agg(value, separator ORDER BY key)``; nulls are left out, keys that are null come last."""

    def __init__(self) -> None:
        self._parts: list[tuple[bool, Any, str]] = []
        self._separator = ""

    def step(self, value: str | None, separator: str, key: Any) -> None:
        """Take a row."""
        self._separator = separator
        if value is not None:
            self._parts.append((key is None, "" if key is None else key, value))

    def finalize(self) -> str | None:
        """The text; null of no rows."""
        return self._separator.join(part[2] for part in sorted(self._parts, key=lambda part: part[:2])) or (
            "" if self._parts else None
        )
