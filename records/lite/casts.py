"""A value of one of DuckDB's types as one of another, said in SQLite. Exact, or an error where the value is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from records.lite import values
from records.lite.types import BIG, NARROW, Type, Unsaid

#: Stands for "no constant": None is one.
NOTHING: Final = object()


@dataclass(frozen=True)
class Said:
    """An expression in SQLite's words with DuckDB's type.

    ``const`` is the value of a constant: text, truth, null, or the integer that stands for a number. ``tenfold`` are the
    words of ``x`` and ``n`` where it is x times ten to the n.
    """

    text: str
    type: Type
    const: Any = NOTHING
    tenfold: tuple[str, int] | None = None

    @property
    def is_null(self) -> bool:
        """Whether it is the constant null."""
        return self.const is None


def quoted_text(value: str) -> str:
    """A text as a literal. Raises Unsaid for a zero byte."""
    if "\0" in value:
        raise Unsaid("a zero byte in a text")
    return "'" + value.replace("'", "''") + "'"


def call(name: str, *parts: Any) -> str:
    """A call of a function."""
    return f"{name}({', '.join(map(str, parts))})"


def cast(said: Said, to: Type, trying: bool = False) -> Said:
    """The value as another type. With ``trying`` what cannot be one is null. Raises Unsaid for a way not foreseen."""
    source = said.type
    if source == to or (source.kind == to.kind and source.kind not in ("int", "decimal")):
        return said
    if source.kind == "null":
        return Said("NULL", to, None)
    if said.const is not NOTHING and source.kind == "text":
        return _constant(said, to, trying)
    if trying and (source.kind, to.kind) not in (("double", "int"), ("text", "int")):
        raise Unsaid(f"TRY_CAST of {source.kind} as {to.kind}")
    way = _WAYS.get((source.kind, to.kind))
    if way is None:
        raise Unsaid(f"a cast of {source.kind} as {to.kind}")
    if said.const is not NOTHING and source.is_exact and to.kind in ("int", "decimal", "double"):
        return _number(said, to)
    tenfold = said.tenfold if source.kind == "decimal" and to.kind == "int" and not source.is_wide else None
    if tenfold and tenfold[1] == source.scale:
        return Said(_int_int(tenfold[0], BIG, to, 0), to)
    return Said(way(said.text, source, to, int(trying)), to)


def _constant(said: Said, to: Type, trying: bool) -> Said:
    """A text that is written out, as what it says."""
    if to.kind == "date":
        days = values.days_of(date.fromisoformat(said.const))
        return Said(str(days), to)
    if to.kind == "time":
        return Said(str(values.micros_of(datetime.fromisoformat(said.const))), to)
    return cast(Said(said.text, said.type), to, trying)


def _number(said: Said, to: Type) -> Said:
    """A number that is written out, as another type."""
    if to.kind == "double":
        return Said(repr(values.double_of(said.const, said.type.scale)), to)
    digits = 38 if to.kind == "int" else to.width
    number = int(values.rescale(said.const, to.scale - said.type.scale, digits))
    return Said(str(values.fit(number, min(to.width, 64) if to.kind == "int" else 64)), to, number)


def _int_int(text: str, source: Type, to: Type, _: int) -> str:
    return text if source.width <= to.width else call("x_fit", text, to.width)


def _int_decimal(text: str, source: Type, to: Type, _: int) -> str:
    return _rescaled(text, source.as_decimal(), to)


def _decimal_int(text: str, source: Type, to: Type, _: int) -> str:
    whole = call("x_rescale", text, -source.scale, source.width + 1) if source.scale else text
    fits = source.width - source.scale < to.as_decimal().width or (to.width >= BIG.width and not source.is_wide)
    return whole if fits else call("x_fit", whole, to.width)


def _rescaled(text: str, source: Type, to: Type, _: int = 0) -> str:
    places = to.scale - source.scale
    holds = to.width - to.scale >= source.width - source.scale
    if places == 0 and holds:
        return text
    if places > 0 and holds and to.width <= NARROW:
        return f"({text} * {10**places})"
    return call("x_rescale", text, places, to.width)


def _decimal_double(text: str, source: Type, _to: Type, _: int) -> str:
    if source.width <= 15:
        return f"(CAST({text} AS REAL) / {float(10**source.scale)!r})"
    return call("x_double", text, source.scale)


def _double_decimal(text: str, _: Type, to: Type, __: int) -> str:
    return call("x_decimal_of_double", text, to.width, to.scale)


_WAYS: dict[tuple[str, str], Callable[[str, Type, Type, int], str]] = {
    ("int", "int"): _int_int,
    ("int", "decimal"): _int_decimal,
    ("int", "double"): lambda t, s, *_: call("x_real", t) if s.is_wide else f"CAST({t} AS REAL)",
    ("int", "text"): lambda t, *_: f"CAST({t} AS TEXT)",
    ("bool", "int"): lambda t, *_: t,
    ("decimal", "decimal"): _rescaled,
    ("decimal", "int"): _decimal_int,
    ("decimal", "double"): _decimal_double,
    ("decimal", "text"): lambda t, s, *_: call("x_decimal_text", t, s.scale),
    ("double", "int"): lambda t, _s, to, trying: call("x_int_of_double", t, to.width, trying),
    ("double", "decimal"): _double_decimal,
    ("text", "int"): lambda t, _s, to, trying: call("x_int_of_text", t, to.width, trying),
    ("text", "double"): lambda t, *_: call("x_double_of_text", t),
    ("text", "decimal"): lambda t, _s, to, _t: call("x_decimal_of_text", t, to.width, to.scale),
    ("date", "text"): lambda t, *_: call("x_date_text", t),
    ("date", "time"): lambda t, *_: f"({t} * 86400000000)",
    ("time", "date"): lambda t, *_: call("x_day", t),
    ("struct", "text"): lambda t, *_: t,
}
