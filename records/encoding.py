"""Text files as they come from hospitals: UTF-8 with or without BOM, GB18030, plain or gzipped."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from records.errors import UnreadableFile

_BLOCK = 1 << 20
# A stray NUL is damage to one record; so many of them at the beginning are no text.
_HEAD, _NULS = 4096, 0.01


@dataclass(frozen=True)
class Encoding:
    """How a file is written. ``damaged`` counts characters that could not be read in that encoding."""

    name: str
    gzipped: bool
    bom: bool
    damaged: int

    @property
    def plain(self) -> bool:
        """Whether the file can be parsed in place, as UTF-8 without BOM."""
        return self.name == "utf-8" and not (self.gzipped or self.bom or self.damaged)


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    if path.suffix.lower() == ".gz":
        return gzip.GzipFile(path)
    return path.open("rb")


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as content:
            while block := content.read(_BLOCK):
                yield block
    except PermissionError as error:
        raise UnreadableFile(f"{path.name} may not be read by this account: give it the permission.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"{path.name} is truncated or damaged: send the file again.") from error


def _damage(path: Path, name: str) -> tuple[int, int]:
    """Characters that fail in an encoding, and characters beyond ASCII that do not."""
    decoder = codecs.getincrementaldecoder(name)(errors="replace")
    failed = read = 0
    for block in _blocks(path):
        text = decoder.decode(block)
        if not text.isascii():
            bad = text.count("\ufffd")
            failed += bad
            read += sum(1 for character in text if character > "\x7f") - bad
    failed += decoder.decode(b"", final=True).count("\ufffd")
    return failed, read


def _strict(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)(errors="strict")
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def detect(path: Path) -> Encoding:
    """Find out how a text file is written. Raises UnreadableFile for one that is empty or no text."""
    first = next(_blocks(path), b"")
    if not first:
        raise UnreadableFile(f"{path.name} is empty: send the file again, with at least its header row.")
    if first[:_HEAD].count(0) > _NULS * len(first[:_HEAD]):
        raise UnreadableFile(f"{path.name} is not a text file: send CSV in UTF-8 or GB18030, or Parquet.")
    gzipped, bom = path.suffix.lower() == ".gz", first.startswith(codecs.BOM_UTF8)
    if _strict(path, "utf-8"):
        return Encoding("utf-8", gzipped, bom, 0)
    # Of Chinese in GB18030 hardly a character is valid UTF-8 too, so damage to a few does not turn one into the other.
    failed, read = _damage(path, "utf-8")
    if bom or failed < read:
        return Encoding("utf-8", gzipped, bom, failed)
    if _strict(path, "gb18030"):
        return Encoding("gb18030", gzipped, False, 0)
    return Encoding("gb18030", gzipped, False, _damage(path, "gb18030")[0])


def decoded(path: Path, encoding: Encoding) -> Iterator[bytes]:
    """The file's text as plain UTF-8 without BOM. Characters that cannot be read become U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    at_start = True
    for block in _blocks(path):
        text = decoder.decode(block)
        if at_start and text:
            text, at_start = text.removeprefix("\ufeff"), False
        yield text.encode("utf-8", errors="replace")
    yield decoder.decode(b"", final=True).encode("utf-8")
