"""Charts as HTML: they print, zoom and read aloud as tables do. Pure: rows in, HTML out."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from review_app import look
from review_app.markup import text


def _span(left: float, width: float) -> str:
    return f"left:{100 * max(0.0, left):.2f}%;width:{100 * max(0.004, min(1 - max(0.0, left), width)):.2f}%"


def timeline(rows: Sequence[dict[str, Any]], first: date, last: date, words: dict[str, str]) -> str:
    """Supplies by drug on one scale of days. ``rows``: drug, bars (begin, days, this, said), overlaps (begin, days, said).

    A bar is one supply, darker with a frame where it is this prescription's; days supplied twice are hatched, and the
    row says how many. ``words``: label, overlap (with {n}), none.
    """
    whole = max(1, (last - first).days)

    def place(begin: date, days: float) -> str:
        return _span((begin - first).days / whole, days / whole)

    lines = []
    for row in rows:
        bars = "".join(
            f'<i class="rx-bar{" rx-this" if bar["this"] else ""}" style="{place(bar["begin"], bar["days"])}" '
            f'title="{text(bar["said"])}"></i>'
            for bar in row["bars"]
        )
        twice = "".join(
            f'<i class="rx-overlap" style="{place(bar["begin"], bar["days"])}" title="{text(bar["said"])}"></i>'
            for bar in row["overlaps"]
        )
        days = sum(bar["days"] for bar in row["overlaps"])
        told = words["overlap"].format(n=days) if days else ""
        said = "；".join(bar["said"] for bar in row["bars"])
        lines.append(
            f'<li><span class="rx-drug">{text(row["drug"])}</span><span class="rx-track" role="img" '
            f'aria-label="{text(said)} {text(told)}">{bars}{twice}</span><span class="rx-told">{text(told)}</span></li>'
        )
    return f'<ol class="rx-timeline" aria-label="{text(words["label"])}">{"".join(lines)}</ol>{_months(first, last, whole)}'


def _months(first: date, last: date, whole: int) -> str:
    ticks, day = [], date(first.year, first.month, 1)
    while day <= last:
        if day >= first and (day.month - 1) % 2 == 0:
            ticks.append(f'<b style="left:{100 * (day - first).days / whole:.2f}%">{day:%Y-%m}</b>')
        day = (day + timedelta(days=32)).replace(day=1)
    scale = f'<span class="rx-scale">{"".join(ticks)}</span>'
    return f'<div class="rx-months" aria-hidden="true"><span></span>{scale}<span></span></div>'


def diverging(rows: Sequence[tuple[str, float]], label: str) -> str:
    """Contributions to the left (lower) and right (raise) of a middle line, with sign and figure beside each."""
    most = max((abs(value) for _, value in rows), default=1.0) or 1.0
    lines = []
    for said, value in rows:
        share = abs(value) / most / 2
        style = _span(0.5 if value >= 0 else 0.5 - share, share)
        kind = "up" if value >= 0 else "down"
        sign = "＋" if value >= 0 else "－"
        lines.append(
            f'<li><span class="rx-said">{text(said)}</span><span class="rx-track rx-middle" aria-hidden="true">'
            f'<i class="rx-{kind}" style="{style}"></i></span><span class="rx-figure">{sign}{abs(value):.2f}</span></li>'
        )
    return f'<ol class="rx-diverging" aria-label="{text(label)}">{"".join(lines)}</ol>'


def among(value: float, low: float, middle: float, high: float, said: str) -> str:
    """A value among its peers: a box for the middle half, a line for the median, a dot for the value."""
    least, most = min(value, low), max(value, high)
    reach = (most - least) or abs(most) or 1.0
    begin, whole = least - 0.1 * reach, 1.2 * reach

    def at(number: float) -> float:
        return (number - begin) / whole

    half = f'<i class="rx-half" style="{_span(at(low), at(high) - at(low))}"></i>'
    median = f'<i class="rx-median" style="left:{100 * at(middle):.2f}%"></i>'
    return _track(f'{half}{median}<i class="rx-dot" style="left:{100 * at(value):.2f}%"></i>', said)


def _track(parts: str, said: str) -> str:
    return f'<span class="rx-track" role="img" aria-label="{text(said)}">{parts}</span>'


def whisker(point: float, low: float, high: float, said: str, most: float = 1.0) -> str:
    """An estimate with its interval on a scale from 0 to ``most``."""
    reach = f'<i class="rx-reach" style="{_span(low / most, (high - low) / most)}"></i>'
    return _track(f'{reach}<i class="rx-dot" style="left:{100 * min(1.0, point / most):.2f}%"></i>', said)


def bar(share: float, said: str) -> str:
    """A share from 0 to 1 as a bar."""
    return _track(f'<i class="rx-bar" style="{_span(0, share)}"></i>', said)


def network(centre: str, partners: Sequence[dict[str, Any]], alt: str) -> str:
    """Whom a subject dealt with: a wheel around it, lines as thick as the settlements in common; as an image with words.

    ``partners``: type (person, practitioner, institution), code, visits. Kinds differ by shape, not by colour alone.
    """
    wide, high, radius = 560, 360, 135
    middle, ink = (wide / 2, high / 2), look.COLOURS["ink"]
    most = max((entry["visits"] for entry in partners), default=1) or 1
    parts: list[str] = []
    for number, entry in enumerate(partners):
        angle = 2 * math.pi * number / max(1, len(partners)) - math.pi / 2
        x, y = middle[0] + 1.45 * radius * math.cos(angle), middle[1] + radius * math.sin(angle)
        ends = f'x1="{middle[0]}" y1="{middle[1]}" x2="{x:.0f}" y2="{y:.0f}"'
        thick = f'stroke-width="{1 + 5 * entry["visits"] / most:.1f}"'
        parts.append(f'<line {ends} stroke="{look.COLOURS["line"]}" {thick}/>{_node(x, y, entry["type"])}')
        parts.append(_label(x, y, f"{entry['code']} · {entry['visits']}", middle))
    parts.append(f'<circle cx="{middle[0]}" cy="{middle[1]}" r="11" fill="{look.COLOURS["red"]}"/>')
    bold = f'text-anchor="middle" font-size="12" font-weight="bold" fill="{ink}"'
    parts.append(f'<text x="{middle[0]}" y="{middle[1] + 26}" {bold}>{text(centre)}</text>')
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="-60 0 {wide + 120} {high}" font-family="sans-serif"'
    packed = base64.b64encode(f"<svg {frame}>{''.join(parts)}</svg>".encode()).decode()
    return f'<img class="rx-network" alt="{text(alt)}" src="data:image/svg+xml;base64,{packed}">'


def _label(x: float, y: float, said: str, middle: tuple[float, float]) -> str:
    anchor = "start" if x > middle[0] + 5 else "end" if x < middle[0] - 5 else "middle"
    shift = {"start": 10, "end": -10, "middle": 0}[anchor]
    drop = 4 if anchor != "middle" else (-12 if y < middle[1] else 20)
    place = f'x="{x + shift:.0f}" y="{y + drop:.0f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="11" fill="{look.COLOURS["ink"]}">{text(said)}</text>'


def _node(x: float, y: float, kind: str) -> str:
    blue = look.COLOURS["blue"]
    if kind == "person":
        return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="{blue}"/>'
    if kind == "practitioner":
        return f'<rect x="{x - 6:.0f}" y="{y - 6:.0f}" width="12" height="12" fill="{look.COLOURS["green"]}"/>'
    corners = f"{x:.0f},{y - 8:.0f} {x + 8:.0f},{y + 6:.0f} {x - 8:.0f},{y + 6:.0f}"
    return f'<polygon points="{corners}" fill="{look.COLOURS["amber"]}"/>'
