"""The plan as a picture: a self-contained SVG, readable without colour, the same bytes for the same table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_LEFT, _WIDTH, _ROW, _TOP = 150, 420, 20, 92
_FONT = "font-family='Noto Sans CJK SC, Microsoft YaHei, sans-serif'"


def plan_chart(table: pd.DataFrame, wished: float, title: str) -> str:
    """Expected half-width of every institution as a bar, the wished one as a dashed line, reviews as numbers.

    ``table`` as ``sampling.plan.plan`` gives it; institutions from the widest interval to the narrowest, those
    without a random row first and without a bar.
    """
    rows = [
        (str(row[0]), row[1], row[2], None if row[3] is None or row[3] != row[3] else float(row[3]), row[4])
        for row in table.itertuples(index=False)
    ]
    rows.sort(key=lambda row: (-(row[3] if row[3] is not None else 2), row[0]))
    most = max([wished, *(row[3] for row in rows if row[3] is not None)]) or 1.0
    scale = _WIDTH / most
    height = _TOP + _ROW * len(rows) + 24
    line = _LEFT + wished * scale
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='800' height='{height}' viewBox='0 0 800 {height}' role='img' {_FONT}>",
        f"<title>{escape(title)}</title>",
        "<rect width='100%' height='100%' fill='white'/>",
        f"<text x='16' y='28' font-size='18'>{escape(title)}</text>",
        f"<text x='16' y='50' font-size='12'>90% 区间的预期半宽 expected half width; 虚线为所需半宽 dashed: wished "
        f"{100 * wished:g} %</text>",
        f"<text x='{_LEFT + _WIDTH + 70}' y='80' font-size='12'>抽取 / 总体 drawn of frame</text>",
        f"<text x='{_LEFT + _WIDTH + 70}' y='66' font-size='12'>（所需 needed）</text>",
    ]
    for number, (code, population, sample, width, wanted) in enumerate(rows):
        y = _TOP + _ROW * number
        parts.append(f"<text x='{_LEFT - 8}' y='{y + 13}' font-size='12' text-anchor='end'>{escape(code)}</text>")
        if width is not None:
            bar = max(width * scale, 1.0)
            parts.append(f"<rect x='{_LEFT}' y='{y + 3}' width='{bar:.1f}' height='12' fill='#4a6fa5'/>")
            parts.append(f"<text x='{_LEFT + bar + 4:.1f}' y='{y + 13}' font-size='11'>±{100 * width:.1f}%</text>")
        text = f"{sample:g} / {population}（{wanted}）"
        parts.append(f"<text x='{_LEFT + _WIDTH + 70}' y='{y + 13}' font-size='12'>{text}</text>")
    bottom = _TOP + _ROW * len(rows) + 4
    parts.append(f"<line x1='{line:.1f}' x2='{line:.1f}' y1='{_TOP - 6}' y2='{bottom}' stroke='black' stroke-dasharray='4 3'/>")
    return "\n".join([*parts, "</svg>"]) + "\n"
