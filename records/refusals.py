"""What the machine refuses a command (disk, memory, a place to write), as the one sentence that helps."""

from __future__ import annotations

import errno

from records.errors import NeedsMore, Situation, WrongUse

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
#: How the databases say that the disk is full: DuckDB passes the system's words on, SQLite has its own.
_FULL_WORDS = ("No space left on device", "database or disk is full")


def refusal(error: BaseException | None) -> Situation | None:
    """The situation behind an error that no room has a sentence of its own for; None where it is no refusal.

    Libraries wrap what the system told them, so an error's causes are looked at as well, the outermost first.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if found := _said(error):
            return found
        error = error.__cause__ or error.__context__
    return None


def _said(error: BaseException) -> Situation | None:
    name = getattr(error, "filename", None)
    if getattr(error, "errno", None) in _FULL or any(words in str(error) for words in _FULL_WORDS):
        return NeedsMore(f"The disk is full{f' ({name})' if name else ''}: free some space, then give the command again.")
    if isinstance(error, OSError) and error.errno in _CLOSED:
        return WrongUse(f"{name or 'A file'} may not be read or written here ({error.strerror}): change that, or name another.")
    # DuckDB is not imported to tell: most commands that can run out of memory never load it.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return NeedsMore("The memory does not suffice: give a larger --memory-limit, or a smaller piece of work.")
    return None
