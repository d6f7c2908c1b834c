"""CSV text made fit for a fast reader: every record whole, nothing swallowed by a damaged quote.

A fast reader takes a stray quotation mark for the beginning of a value and reads on to the next one, over as
many records as lie between. So a file is looked at first. One whose quotes are sound and whose records are
lines is read in place. One that is CSV to the letter is copied record by record, whatever its values hold. Of
any other a copy is made in which each record that can be read stands by itself, and each that cannot is set aside.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from records.encoding import Encoding, decoded

_BLOCK = 1 << 24
#: A value that runs on over more lines than this is a damaged quote.
_MOST_LINES = 1000
#: What an empty line may hold: blanks, and the end-of-file sign of old systems.
_EMPTY = " \t\r\n\x1a\xa0\u3000\u200b\ufeff"
_QUOTED = re.compile(r'"(?:[^"]|"")*+"')
_QUOTE, _COMMA, _LF, _CR = 34, 44, 10, 13


class _OpenEnd(Exception):
    """A quoted value does not end within the text."""


@dataclass
class Plain:
    """A text file ready to be read: where it stands, its header row, and what could not be read of it.

    ``line_ends`` is what ends its first line (LF, CRLF or CR). ``unparsed`` holds line number (the header is
    line 1), text and reason of each record set aside.
    """

    path: Path
    header: list[str]
    line_ends: str = "LF"
    unparsed: list[tuple[int, str, str]] = field(default_factory=list)


def prepare(path: Path, encoding: Encoding, scratch: Path) -> Plain:
    """A file that can be read in place, or a copy of it at ``scratch`` that can."""
    header = _header(path, encoding)
    ends = _line_ends(next(decoded(path, encoding), b""))
    if encoding.plain and all(_sound(block, len(header)) == block for block in _whole_lines(_bytes(path))):
        return Plain(path, header, ends)
    plain = Plain(scratch, header, ends)
    with scratch.open("wb") as out:
        if not _copy_strictly(_whole_lines(decoded(path, encoding)), plain, out):
            out.seek(0)
            out.truncate()
            _copy(_whole_lines(decoded(path, encoding)), plain, out)
    return plain


def _copy_strictly(blocks: Iterator[bytes], plain: Plain, out: BinaryIO) -> bool:
    """Copy a text that is CSV to the letter; False, with part of it written, where it is not.

    There every quote is in its place and every record has the header's size, so a quoted value may hold lines
    that look like records of their own.
    """
    size, rest = len(plain.header), b""
    for block in blocks:
        sound = None if rest else _sound(block, size)
        if sound is not None:
            plain.line_ends = "CRLF" if sound != block else plain.line_ends
            out.write(sound)
            continue
        copied = _strictly(rest + block, plain)
        if copied is None or len(copied[1]) > _BLOCK:
            return False
        out.write(copied[0])
        rest = copied[1]
    return not rest


def _strictly(block: bytes, plain: Plain) -> tuple[bytes, bytes] | None:
    """The records of a text, each by itself, and the beginning of one that needs more lines; None if it is no CSV."""
    lines = block.decode("utf-8").split("\n")
    last = lines.pop()
    lines = [line + "\n" for line in lines] + ([last] if last else [])
    made, done, size = [], 0, len(plain.header)
    reader = csv.reader(lines, strict=True)
    try:
        for values in reader:
            taken = [line.removesuffix("\n") for line in lines[done : reader.line_num]]
            done = reader.line_num
            if len(values) == size:
                made.append(_text(taken, values))
                plain.line_ends = "CRLF" if taken[-1].endswith("\r") else plain.line_ends
            elif "".join(values).strip(_EMPTY):
                return None
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            return None
    return "".join(made).encode(), "".join(lines[done:]).encode()


def _header(path: Path, encoding: Encoding) -> list[str]:
    first = next(_whole_lines(decoded(path, encoding)), b"")
    line = first.split(b"\n", 1)[0].decode("utf-8").removesuffix("\r")
    try:
        return [name.strip(_EMPTY) for name in split(line) or []]
    except _OpenEnd:
        return []


def _line_ends(block: bytes) -> str:
    end = block.find(b"\n")
    if end < 0:
        return "CR" if b"\r" in block else "LF"
    return "CRLF" if block[:end].endswith(b"\r") else "LF"


def _bytes(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            yield block


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut after line ends only. A file with bare CR line ends gets LF instead."""
    rest, old = b"", None
    for block in blocks:
        if old is None:
            old = b"\n" not in block and b"\r" in block
        rest += block.replace(b"\r", b"\n") if old else block
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _sound(block: bytes, size: int) -> bytes | None:
    """The block with LF line ends where each of its lines is a record of this size, or empty; None otherwise."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
        if b"\r" in block:
            return None
    return block if _lines_are_records(block, size) else None


def _lines_are_records(block: bytes, size: int) -> bool:
    """Whether every value in quotes begins and ends where a value may, on one line, and no line lacks a value."""
    import numpy as np

    content = np.frombuffer(b"\n" + block + b"\n", dtype=np.uint8)
    ends, commas = np.flatnonzero(content == _LF), np.flatnonzero(content == _COMMA)
    if b'"' in block:
        quotes = np.flatnonzero(content == _QUOTE)
        if len(quotes) % 2:
            return False
        before, after = content[quotes[::2] - 1], content[quotes[1::2] + 1]
        fits = np.isin(before, (_COMMA, _LF, _QUOTE)).all() and np.isin(after, (_COMMA, _LF, _QUOTE)).all()
        if not fits or (np.searchsorted(quotes, ends) % 2).any():
            return False
        commas = commas[np.searchsorted(quotes, commas) % 2 == 0]
    of_line = np.diff(np.searchsorted(commas, ends))
    return bool(((of_line == size - 1) & (np.diff(ends) > 1) | (np.diff(ends) == 1)).all())


def split(text: str) -> list[str] | None:
    """The values of one record; None where something follows a closing quote. Raises _OpenEnd."""
    if '"' not in text:
        return text.split(",")
    values, at = [], 0
    while True:
        if text.startswith('"', at):
            found = _QUOTED.match(text, at)
            if found is None:
                raise _OpenEnd
            values.append(found[0][1:-1].replace('""', '"'))
            at = found.end()
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            values.append(text[at:end])
            at = end
        if at == len(text):
            return values
        if text[at] != ",":
            return None
        at += 1


def _copy(blocks: Iterator[bytes], plain: Plain, out: BinaryIO) -> None:
    rest, line_no = b"", 1
    for block in blocks:
        whole = rest + block
        sound = _sound(whole, len(plain.header))
        if sound is not None:
            plain.line_ends = "CRLF" if sound != whole else plain.line_ends
            out.write(sound)
            line_no += whole.count(b"\n")
            rest = b""
            continue
        rest, line_no = _sort_lines(whole, line_no, plain, out, last=False)
    if rest:
        _sort_lines(rest, line_no, plain, out, last=True)


def _sort_lines(block: bytes, line_no: int, plain: Plain, out: BinaryIO, *, last: bool) -> tuple[bytes, int]:
    """Write the records of a block that can be read, set the others aside; returns what needs more lines."""
    lines = block.decode("utf-8").removesuffix("\n").split("\n")
    size, at = len(plain.header), 0
    while at < len(lines):
        taken = _record(lines, at, size)
        if taken is None and not last and len(lines) - at < _MOST_LINES:
            return "\n".join([*lines[at:], ""]).encode(), line_no + at
        values = taken[0] if taken else None
        plain.line_ends = "CRLF" if lines[at].endswith("\r") else plain.line_ends
        if values is not None and len(values) == size:
            out.write(_text(lines[at : at + taken[1]] if taken else [], values).encode())
        elif lines[at].strip(_EMPTY):
            plain.unparsed.append((line_no + at, lines[at].removesuffix("\r"), "the record cannot be split into its columns"))
        at += taken[1] if taken and values is not None else 1
    return b"", line_no + at


def _record(lines: list[str], at: int, size: int) -> tuple[list[str] | None, int] | None:
    """Values of the record that begins at a line, and how many lines it takes; None where it needs more lines.

    A value may hold line ends, but a line among them that is a record of its own proves the quote damaged.
    """
    text = lines[at]
    try:
        return split(text.removesuffix("\r")), 1
    except _OpenEnd:
        pass
    for count, following in enumerate(lines[at + 1 : at + _MOST_LINES], start=2):
        line = following.removesuffix("\r")
        text += "\n" + following
        if line.count('"') % 2 == 0 and _is_record(line, size):
            return None, 1
        if '"' not in line:
            continue
        try:
            values = split(text.removesuffix("\r"))
        except _OpenEnd:
            continue
        return (values, count) if values is not None and len(values) == size else (None, 1)
    return (None, 1) if len(lines) - at >= _MOST_LINES else None


def _is_record(line: str, size: int) -> bool:
    try:
        return len(split(line) or []) == size
    except _OpenEnd:
        return False


def _text(lines: list[str], values: list[str]) -> str:
    """A record as it came, or with all its values in quotes where a bare CR or a line end would mislead."""
    if len(lines) == 1 and "\r" not in lines[0].removesuffix("\r"):
        return lines[0].removesuffix("\r") + "\n"
    return ",".join('"' + value.replace('"', '""') + '"' for value in values) + "\n"
