"""Damaging files byte by byte, and telling which of their records a damage touched."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass

#: Bytes that mean something to a reader of CSV come up far more often than chance would have them.
TELLING = b'",\r\n\x00;\\\t\xff\x81\xef\x1a '


@dataclass(frozen=True)
class Damage:
    """One byte at ``at`` replaced, left out or put in."""

    kind: str
    at: int
    byte: int

    def done(self, content: bytes) -> bytes:
        before, after = content[: self.at], content[self.at :]
        if self.kind == "insert":
            return before + bytes([self.byte]) + after
        if self.kind == "delete":
            return before + after[1:]
        return before + bytes([self.byte]) + after[1:]


def any_damage(rng: random.Random, size: int, begin: int = 0) -> Damage:
    byte = rng.choice(TELLING) if rng.random() < 0.6 else rng.randrange(256)
    return Damage(rng.choice(("replace", "delete", "insert")), rng.randrange(begin, size), byte)


@dataclass(frozen=True)
class Written:
    """A CSV file and the bytes that each of its records takes, the header first."""

    content: bytes
    records: list[list[str]]
    spans: list[tuple[int, int]]

    def touched(self, damage: Damage) -> set[int]:
        """Numbers of the records that a damage may have touched: at a line end, the records on both sides."""
        near = {damage.at, damage.at - 1} if damage.kind == "insert" else {damage.at}
        found = {n for n, (begin, end) in enumerate(self.spans) if any(begin <= place < end for place in near)}
        for number in list(found):
            # A lost or replaced line end joins a record to the next one.
            if any(self.spans[number][1] - 2 <= place for place in near):
                found.add(number + 1)
        return found


def written(header: list[str], rows: list[list[str]], *, encoding: str, quoting: int, end: str) -> Written:
    """A CSV file of these rows, as bytes."""
    content, spans = b"", []
    for row in [header, *rows]:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=quoting, lineterminator=end).writerow(row)
        line = text.getvalue().encode(encoding)
        spans.append((len(content), len(content) + len(line)))
        content += line
    return Written(content, [header, *rows], spans)
