"""Folders that are handed out whole: written beside, then put in place of an earlier one of their kind."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import WrongUse


@contextmanager
def folder_in_place(out: Path, own: Iterable[str]) -> Iterator[Path]:
    """Give a folder beside ``out`` to write to, and put it in its place when the block ends well.

    What killed runs left beside ``out`` is removed first. An earlier folder is moved aside before it is removed, so that
    ``out`` is never half of it. Raises what ``replaceable`` raises.
    """
    replaceable(out, own)
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f".{glob.escape(out.name)}.building-*"):
        with _held(left) as nobody_writes:
            if nobody_writes:
                shutil.rmtree(left, ignore_errors=True)
    draft = out.parent / f".{out.name}.building-{os.getpid()}"
    draft.mkdir()
    with _held(draft):
        try:
            yield draft
            old = draft.with_name(f"{draft.name}-old")
            if out.exists():
                out.rename(old)
            draft.rename(out)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock while the block runs, which ends with the process; tells whether it was free."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(descriptor)


def replaceable(out: Path, own: Iterable[str]) -> None:
    """Make sure that a folder can be written at ``out`` and nothing of anybody else's is lost by it.

    ``own`` names the files, relative to it, that an earlier output of the kind has left and a new one replaces. Raises
    WrongUse where something else is there, or a file stands where a folder should.
    """
    above = next(place for place in (out, *out.absolute().parents) if place.exists())
    if out.is_symlink() or not above.is_dir():
        raise WrongUse(f"{above} is no folder but a link or a file: name a folder with --out.")
    ours = set(own)
    for found in out.rglob("*"):
        name = found.relative_to(out).as_posix()
        if found.is_symlink() or (not found.is_dir() and name not in ours):
            raise WrongUse(f"{out} is replaced as a whole, but {name} in it is no output of this command: name a new folder.")


def listed(out: Path) -> set[str]:
    """Files that the manifest of an earlier output names, itself among them; none where there is no such manifest."""
    try:
        named = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["files"]
        return {"manifest.json", *map(str, named)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
