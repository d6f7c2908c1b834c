"""One visual language: colours, numbers, dates. Nothing on a screen is formatted elsewhere; the sheet is house.css.

Colours are told here once and handed to the sheet; each pair of text and ground has a contrast of 4.5 or more, and
nothing is told by colour alone (a mark, a pattern or a word stands beside it).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

COLOURS = {
    "ink": "#1f2933",
    "muted": "#52606d",
    "ground": "#ffffff",
    "panel": "#f4f6f8",
    "line": "#cbd2d9",
    "blue": "#1d5a85",
    "red": "#a61b1b",
    "green": "#276749",
    "amber": "#8a5200",
    "pale_blue": "#dbe9f4",
    "pale_red": "#fbe4e4",
    "pale_green": "#e3f4ea",
    "pale_amber": "#fdf0d9",
}
FONT = "'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
NONE = "—"
_SHEET = Path(__file__).parent / "assets" / "house.css"
_UNITS = {
    "yuan": ("元", "yuan"), "day": ("天", "days"), "count": ("", ""), "share": ("", ""), "ratio": ("倍", "times"),
    "second": ("秒", "s"), "year": ("年", "years"), "lift": ("倍", "times"), "level": ("级", ""), "flag": ("", ""),
    "difference": ("", ""),
}  # fmt: skip


@cache
def sheet() -> str:
    """The style sheet with the colours filled in."""
    names = "".join(f"--{name.replace('_', '-')}:{value};" for name, value in COLOURS.items())
    return f"<style>:root{{{names}--font:{FONT};}}{_SHEET.read_text(encoding='utf-8')}</style>"


def yuan(value: Any, language: str = "zh") -> str:
    """An amount with its unit; a dash for a missing one."""
    return NONE if value in (None, "") else f"{Decimal(str(value)):,.2f} {_UNITS['yuan'][0 if language == 'zh' else 1]}"


def quantity(value: Any, unit: str | None = "") -> str:
    """A quantity without needless zeros, with its unit."""
    if value in (None, ""):
        return NONE
    text = format(Decimal(str(value)).normalize(), "f")
    return f"{text} {unit or ''}".strip()


def count(value: Any, unit: str = "") -> str:
    """A whole number with thousands apart, with its unit."""
    return NONE if value is None or value != value else f"{int(value):,} {unit}".strip()


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as per cent; a dash for a missing one."""
    return NONE if value is None or value != value else f"{100 * value:.{digits}f} %"


def interval(low: float | None, high: float | None) -> str:
    """A 90 % interval of a fraction."""
    return NONE if low is None or high is None or low != low else f"{percent(low)} – {percent(high)}"


def estimate(value: float | None, low: float | None, high: float | None, digits: int = 3) -> str:
    """A figure without unit (an index, a score) with its 90 % interval."""
    if value is None or value != value:
        return NONE
    shown = f"{value:.{digits}f}"
    return shown if low is None or high is None or low != low else f"{shown} [{low:.{digits}f}, {high:.{digits}f}]"


def measure(value: float | None, unit: str, language: str) -> str:
    """A feature's value in the unit of the catalogue: shares as per cent, yuan with two decimals."""
    if value is None or value != value:
        return NONE
    if unit in ("share", "difference"):
        return percent(value)
    words = _UNITS.get(unit, ("", ""))[0 if language == "zh" else 1]
    if unit == "count":
        return f"{value:,.0f}"
    return f"{value:,.2f} {words}".strip()


def moment(value: str | None) -> str:
    """A time to the minute."""
    return NONE if not value else value[:16].replace("T", " ")
