"""Disk, memory and closed places, however a library wraps them; a mistake of ours is none of them."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import duckdb
import pytest

from records.errors import NeedsMore, Situation, WrongUse
from records.refusals import refusal


def _wrapped(cause: BaseException) -> RuntimeError:
    error = RuntimeError("a library's own words")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/work/a"), NeedsMore, "(/work/a): free some space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), NeedsMore, "The disk is full: free"),
        (duckdb.IOException("IO Error: Could not write: No space left on device"), NeedsMore, "disk is full"),
        (sqlite3.OperationalError("database or disk is full"), NeedsMore, "disk is full"),
        (_wrapped(sqlite3.OperationalError("database or disk is full")), NeedsMore, "disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), WrongUse, "/root/x may not be"),
        (OSError(errno.EROFS, "Read-only file system", "/ro/x"), WrongUse, "(Read-only file system)"),
        (MemoryError(), NeedsMore, "--memory-limit"),
        (duckdb.OutOfMemoryException("failed to allocate"), NeedsMore, "--memory-limit"),
    ],
)
def test_what_the_machine_refuses_is_a_sentence(error: BaseException, kind: type[Situation], said: str) -> None:
    found = refusal(error)
    assert type(found) is kind
    assert said in str(found)


def test_a_mistake_of_ours_stays_what_it_is() -> None:
    assert refusal(KeyError("rxno")) is None
    assert refusal(_wrapped(ZeroDivisionError())) is None
    assert refusal(FileNotFoundError(errno.ENOENT, "No such file or directory", str(Path("x")))) is None
    round_about = _wrapped(ValueError())
    round_about.__cause__.__context__ = round_about  # type: ignore[union-attr]
    assert refusal(round_about) is None
