"""A file that somebody sends in, read row by row: what cannot be read of it is set aside with its reason, never lost."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.errors import DataFault, NotFound

if TYPE_CHECKING:
    import pandas as pd

_ENCODINGS = ("utf-8-sig", "gb18030")
#: How bytes that are no text come out of a decoder that goes on.
_BROKEN = re.compile("[\udc80-\udcff]")
_NO_TEXT = "此行含无法识别的文字编码 The row has bytes that are no text in UTF-8 or GB18030: send it again."
_NO_CSV = "此行引号不成对 The row's quotation marks do not match: put them right."


@dataclass
class ImportReport:
    """Rows read = new in the store + there already + rejected, each with its number (the header is 1), key and reason.

    ``columns`` = the file's header; ``came`` = rejected rows as they came, by number.
    """

    read: int = 0
    added: int = 0
    known: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    came: dict[int, list[str]] = field(default_factory=dict)

    def reject(self, number: int, key: str, why: str, came: list[str]) -> None:
        """Set a row aside with its reason."""
        self.rejected.append((number, key, why))
        self.came[number] = came


@dataclass(frozen=True)
class TableFile:
    """Rows of a file as text by column, missing values empty, each with its number; and the rows that are none."""

    columns: list[str]
    rows: list[tuple[int, dict[str, str]]]
    unfit: list[tuple[int, list[str], str]]

    def report(self) -> ImportReport:
        """A report that begins with the rows that could not be read."""
        report = ImportReport(read=len(self.rows) + len(self.unfit), columns=self.columns)
        for number, came, why in self.unfit:
            report.reject(number, came[0] if came else "", why, came)
        return report


def read_file(path: Path, needed: tuple[str, ...]) -> TableFile:
    """A CSV (UTF-8 or GB18030) or Parquet file. Raises NotFound, or DataFault for what is no such table as a whole."""
    if not path.is_file():
        raise NotFound(f"没有文件{path} There is no file {path}.")
    table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    missing = [name for name in needed if name not in table.columns]
    if missing:
        names = ", ".join(missing)
        raise DataFault(f"{path.name}缺少列{names} {path.name} lacks the column {names}: add it.")
    return table


def read_table(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """The same file as a frame of text, where no row may be unfit. Raises NotFound, or DataFault naming such a row."""
    import pandas as pd

    table = read_file(path, needed)
    if table.unfit:
        number, _, why = table.unfit[0]
        raise DataFault(f"{path.name}第{number}行：{why.split(' ', 1)[0]} {path.name}, row {number}: {why.split(' ', 1)[1]}")
    return pd.DataFrame([row for _, row in table.rows], columns=table.columns, dtype=str)


def _parquet(path: Path) -> TableFile:
    import pandas as pd

    try:
        raw = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise _unreadable(path) from error
    frame = raw.astype(object).where(raw.notna(), "").map(str).map(str.strip)
    columns = [str(name) for name in frame.columns]
    rows = [dict(zip(columns, values, strict=True)) for values in frame.itertuples(index=False, name=None)]
    return TableFile(columns, list(enumerate(rows, start=2)), [])


def _unreadable(path: Path) -> DataFault:
    return DataFault(f"{path.name}无法读取 {path.name} cannot be read: send CSV in UTF-8 or GB18030, or Parquet.")


def _csv(path: Path) -> TableFile:
    try:
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise _unreadable(path) from error
    found = _records(list(io.StringIO(text, newline="")))
    header, _ = next(found, (None, ""))
    if header is None or _BROKEN.search("".join(header)):
        raise _unreadable(path)
    columns = [name.strip() for name in header]
    rows: list[tuple[int, dict[str, str]]] = []
    unfit: list[tuple[int, list[str], str]] = []
    for number, (fields, raw) in enumerate(found, start=2):
        if fields is None:
            unfit.append((number, [_BROKEN.sub("�", raw.rstrip("\r\n"))], _NO_CSV))
        elif _BROKEN.search("".join(fields)):
            unfit.append((number, [_BROKEN.sub("�", value) for value in fields], _NO_TEXT))
        elif len(fields) < len(columns) or any(fields[len(columns) :]):
            why = (
                f"此行有{len(fields)}列，表头有{len(columns)}列 "
                f"The row has {len(fields)} fields and the header {len(columns)}: put it right."
            )
            unfit.append((number, fields, why))
        else:
            rows.append((number, {name: value.strip() for name, value in zip(columns, fields, strict=False)}))
    return TableFile(columns, rows, unfit)


def _decoded(content: bytes) -> str:
    """The text of a file; where no encoding fits all of it, by the one that fits most, with marks for the rest."""
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    texts = [content.decode(encoding, "surrogateescape") for encoding in _ENCODINGS]
    return min(texts, key=lambda text: len(_BROKEN.findall(text)))


class _Taken:
    """Lines from a place on; knows how far they were read."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines, self.at = lines, at

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at >= len(self.lines):
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]


def _records(lines: list[str]) -> Iterator[tuple[list[str] | None, Any]]:
    """Fields of every record that is not blank, and its first line; None for a line whose quotation marks do not match.

    After such a line reading goes on with the next one, so that a mark left open swallows no other row.
    """
    # A field of any length is read, and refused by its column with its row.
    csv.field_size_limit(sys.maxsize)
    at = 0
    while at < len(lines):
        taken = _Taken(lines, at)
        try:
            fields = next(csv.reader(taken, strict=True))
        except csv.Error:
            yield None, lines[at]
            at += 1
            continue
        if fields:
            yield fields, lines[at]
        at = taken.at
