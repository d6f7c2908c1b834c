"""Small tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from unicodedata import east_asian_width


def width(text: str) -> int:
    """Columns that a text takes on a terminal: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def show(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with aligned columns to standard output; None shows as an empty cell."""
    cells = [list(header), *[["" if value is None else str(value) for value in row] for row in rows]]
    widths = [max(width(row[index]) for row in cells) for index in range(len(header))]
    for number, row in enumerate(cells):
        line = "  ".join(value + " " * (size - width(value)) for value, size in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
        if number == 0:
            sys.stdout.write("  ".join("-" * size for size in widths) + "\n")
