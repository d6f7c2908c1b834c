"""A CSV file that somebody hands over, read as text: what is wrong with it is one plain sentence."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from records.errors import DataFault, NotFound

Cells = dict[str, str | None]


def read_csv(path: Path, what: str, needed: tuple[str, ...]) -> tuple[list[str], list[Cells]]:
    """Columns and rows of a CSV file with a header, in any column order; cells trimmed, empty is None.

    UTF-8 with or without BOM, else GB18030. Raises NotFound without such a file; DataFault for one that is no CSV,
    lacks a needed column, has a column twice, a row of another width, or no rows.
    """
    text = _text(path, what)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DataFault(f"{path.name} cannot be read as {what}: {error}; check that it is CSV with commas.") from error
    if not lines:
        raise DataFault(f"{path.name} is empty: it needs a header and rows of {what}.")
    header = [name.strip() for name in lines[0]]
    missing = [name for name in needed if name not in header]
    if missing:
        raise DataFault(f"{path.name} lacks the column {', '.join(missing)}: add it.")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataFault(f"{path.name} has the column {twice[0]} twice: keep one.")
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise DataFault(f"{path.name}: record {number} has {len(cells)} cells instead of {len(header)}: mend it.")
        rows.append({name: cell.strip() or None for name, cell in zip(header, cells, strict=True) if name})
    if not rows:
        raise DataFault(f"{path.name} has a header and no rows of {what}.")
    return [name for name in header if name], rows


def _text(path: Path, what: str) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except OSError as error:
        raise DataFault(f"{path.name} cannot be opened ({error.strerror}): name a CSV file.") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DataFault(f"{path.name} cannot be read as {what}: check that it is CSV in UTF-8.")
