"""One visual language: colours, numbers, dates, charts. Nothing on a screen is formatted elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

BLUE, RED, GREY, GREEN, AMBER = "#1d5a85", "#a61b1b", "#9aa5b1", "#2f7d4f", "#b06a00"
FONT = "Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"
NONE = "—"


def yuan(value: Any) -> str:
    """An amount with its unit; a dash for a missing one."""
    return NONE if value in (None, "") else f"{Decimal(str(value)):,.2f} 元"


def quantity(value: Any, unit: str | None = "") -> str:
    """A quantity without needless zeros, with its unit."""
    if value in (None, ""):
        return NONE
    text = format(Decimal(str(value)).normalize(), "f")
    return f"{text} {unit}".strip()


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as per cent; a dash for a missing one."""
    return NONE if value is None or value != value else f"{100 * value:.{digits}f} %"


def interval(low: float | None, high: float | None) -> str:
    """A 90 % interval of a fraction."""
    return NONE if low is None or low != low else f"{percent(low)} – {percent(high)}"


def moment(value: str | None) -> str:
    """A time to the minute."""
    return NONE if not value else value[:16]


def chart(spec: Any, row: int = 26) -> Any:
    """A bar chart in the house's dress; ``row`` = pixels a bar."""
    from altair import Step

    return (
        spec.properties(height=Step(row), width="container")
        .configure(font=FONT)
        .configure_axis(labelFontSize=12, titleFontSize=12, grid=False)
        .configure_view(stroke=None)
    )
