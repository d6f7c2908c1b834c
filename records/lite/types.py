"""DuckDB's types, as far as the house's SQL uses them, and what comes of two of them.

How values stand in SQLite: BOOLEAN 0 or 1; integers as they are; DECIMAL as the integer that it is in units of its last
place; DOUBLE as REAL; DATE as days and TIMESTAMP as microseconds since 1970; STRUCT as the text of a JSON object. What may
pass 64 bits (HUGEINT, DECIMAL of over 18 digits) is an integer while it fits and else its digits as text: ``is_wide``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

#: The most digits of a DECIMAL that a 64-bit integer holds.
NARROW = 18
_MOST = 38
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INT": 32, "INTEGER": 32, "BIGINT": 64, "INT128": 128, "HUGEINT": 128}
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19, 128: _MOST}
_OTHERS = {
    "BOOLEAN": "bool", "DOUBLE": "double", "VARCHAR": "text", "TEXT": "text", "DATE": "date", "TIMESTAMP": "time",
    "TIMESTAMPNTZ": "time",
}  # fmt: skip


class Unsaid(Exception):
    """SQL that cannot be said in SQLite with the same meaning; a fault of the SQL's author, seen when it is made."""


@dataclass(frozen=True)
class Type:
    """``kind``: null, bool, int, decimal, double, text, date, time or struct; ``width`` bits of int or digits of decimal."""

    kind: str
    width: int = 0
    scale: int = 0

    @property
    def is_wide(self) -> bool:
        """Whether values may pass 64 bits."""
        return (self.kind == "int" and self.width > 64) or (self.kind == "decimal" and self.width > NARROW)

    @property
    def is_exact(self) -> bool:
        """Whether it is an integer or a decimal."""
        return self.kind in ("int", "decimal")

    def as_decimal(self) -> Type:
        """The decimal that holds every value of an integer type."""
        return self if self.kind == "decimal" else decimal(_DIGITS[self.width], 0)


NULL = Type("null")
BOOL = Type("bool")
DOUBLE = Type("double")
TEXT = Type("text")
DATE = Type("date")
TIME = Type("time")
STRUCT = Type("struct")
INT = Type("int", 32)
BIG = Type("int", 64)
HUGE = Type("int", 128)


def decimal(width: int, scale: int) -> Type:
    """DECIMAL, no wider than DuckDB has it."""
    if scale > _MOST:
        raise Unsaid(f"DECIMAL with {scale} places")
    return Type("decimal", min(width, _MOST), scale)


def parse(name: str) -> Type:
    """A type by DuckDB's name. Raises Unsaid for one that is not foreseen."""
    sized = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", name)
    if sized:
        return decimal(int(sized[1]), int(sized[2]))
    if name in _BITS:
        return Type("int", _BITS[name])
    if name in _OTHERS:
        return Type(_OTHERS[name])
    raise Unsaid(f"the type {name}")


def of_tree(node: Any) -> Type:
    """A type as it is written in a cast."""
    sizes = [int(part.this.this) for part in node.expressions]
    if node.this.value == "DECIMAL" and len(sizes) == 2:
        return decimal(*sizes)
    return parse(node.this.value)


def common(one: Type, other: Type) -> Type:
    """The type in which two values are compared or stand in one column."""
    if one == other or other.kind == "null":
        return one
    if one.kind == "null":
        return other
    if one.kind == other.kind == "int":
        return Type("int", max(one.width, other.width))
    if one.is_exact and other.is_exact:
        a, b = one.as_decimal(), other.as_decimal()
        scale = max(a.scale, b.scale)
        return decimal(max(a.width - a.scale, b.width - b.scale) + scale, scale)
    if {one.kind, other.kind} <= {"int", "decimal", "double"}:
        return DOUBLE
    if {one.kind, other.kind} == {"date", "time"}:
        return TIME
    raise Unsaid(f"{one.kind} beside {other.kind}")


def added(one: Type, other: Type) -> Type:
    """The type of a sum or difference."""
    held = common(one, other)
    if held.kind != "decimal":
        return held
    a, b = one.as_decimal(), other.as_decimal()
    return decimal(max(a.width - a.scale, b.width - b.scale) + held.scale + 1, held.scale)


def multiplied(one: Type, other: Type) -> Type:
    """The type of a product."""
    held = common(one, other)
    if held.kind != "decimal":
        return held
    a, b = one.as_decimal(), other.as_decimal()
    width, scale = a.width + b.width, a.scale + b.scale
    return decimal(NARROW if width > NARROW >= max(a.width, b.width) and scale < NARROW else width, scale)
