"""Plain HTML that says what it is: tables with heads, labelled values, marks. Everything from data is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

#: What is not broken over two lines: the number of a case or lead, a day, a moment.
_FIXED = re.compile(r"\d{4}(Q[1-4]-L?\d+|-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?)")
#: Kinds of marks; each has its sign, so that colour says nothing alone.
SIGNS = {"bad": "▲", "warn": "●", "good": "✓", "info": "i", "plain": ""}


def text(value: Any) -> str:
    """Text from data, safe in HTML."""
    return escape("" if value is None else str(value))


def badge(words: str, kind: str = "plain") -> str:
    """A small mark: sign and words."""
    sign = SIGNS[kind]
    return f'<span class="rx-badge rx-{kind}">{f"<b aria-hidden=true>{sign}</b> " if sign else ""}{text(words)}</span>'


def pairs(rows: Iterable[tuple[str, str]], columns: int = 4) -> str:
    """Labelled values side by side."""
    cells = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in rows)
    return f'<dl class="rx-pairs rx-of-{columns}">{cells}</dl>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], caption: str, *, numbers: Iterable[int] = (), raw: Iterable[int] = ()
) -> str:
    """A table. ``numbers`` = columns set to the right; ``raw`` = columns whose cells are HTML of this module already."""
    right, made = set(numbers), set(raw)

    def cell(place: int, value: Any) -> str:
        kind = " class=rx-number" if place in right else " class=rx-fixed" if _FIXED.fullmatch(str(value)) else ""
        return f"<td{kind}>{value if place in made else text(value)}</td>"

    heads = "".join(
        f'<th scope="col"{" class=rx-number" if n in right else ""}>{text(name)}</th>' for n, name in enumerate(head)
    )
    body = "".join(f"<tr>{''.join(cell(n, value) for n, value in enumerate(row))}</tr>" for row in rows)
    return (
        f'<div class="rx-scroll" tabindex="0" role="region" aria-label="{text(caption)}"><table class="rx-table">'
        f"<caption>{text(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def state(kind: str, title: str, words: str) -> str:
    """A designed state of a screen: empty, not permitted, error."""
    sign = {"empty": "○", "denied": "⊘", "error": "!"}[kind]
    role = "alert" if kind != "empty" else "status"
    return (
        f'<section class="rx-state rx-state-{kind}" role="{role}"><span aria-hidden="true">{sign}</span>'
        f"<h2>{text(title)}</h2><p>{text(words)}</p></section>"
    )


def heading(words: str, level: int = 2) -> str:
    """A heading of the page's outline."""
    return f"<h{level} class=rx-heading>{text(words)}</h{level}>"


def note(words: str) -> str:
    """A remark in small letters."""
    return f"<p class=rx-note>{text(words)}</p>"
