"""Months kept by themselves: a folder of parts, one a past month, each made when it is first needed.

A part rests on its month alone (``records.months``), so it stays as it is while other months come and go. Its name
changes with the month's rows and with the way it is computed, so that nothing stale can be read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.asof import connect, open_asof
from records.months import Month, Survey, only_cut, only_month, only_open, only_persons, survey_of
from records.output import write_parquet
from records.snapshot import Snapshot
from records.source import exactly, literal, parquet

if TYPE_CHECKING:
    import duckdb

    from records.asof import Period


@dataclass(frozen=True)
class Kept:
    """Where months are kept, and what of the machine their making may use."""

    folder: Path
    threads: int = 2
    memory_limit: str = "4GB"
    scratch: Path | None = None

    @property
    def limits(self) -> dict[str, Any]:
        """What ``open_asof`` is told of the machine."""
        return {"threads": self.threads, "memory_limit": self.memory_limit, "scratch": self.scratch}


@dataclass(frozen=True)
class Parts:
    """What a month leaves for one purpose.

    ``tables`` are the tables of a part, made by ``leave(con, snapshot)`` in schema ``part`` of a connection that sees
    one month (opened without wide tables). ``recipe()`` is a digest of everything that makes them. ``below`` names the
    folder of parts inside the kept one; empty: the kept one itself.
    """

    tables: tuple[str, ...]
    leave: Callable[[duckdb.DuckDBPyConnection, Snapshot], None]
    recipe: Callable[[], str]
    below: str = ""

    def folder(self, kept: Kept) -> Path:
        """Where the parts stand."""
        return kept.folder / self.below

    def part(self, kept: Kept, month: Month) -> Path:
        """Folder of a month's part."""
        name = hashlib.sha256(f"{month.digest} {self.recipe()}".encode()).hexdigest()[:16]
        return self.folder(kept) / f"{month}-{name}"

    def keep(
        self, snapshot: Snapshot, before: datetime, kept: Kept, say: Callable[[str], None] = lambda _: None
    ) -> dict[str, bool]:
        """Make the parts of months over at a moment that are not there yet. Gives each month and whether it was made.

        A part that an earlier state of its month left behind is removed once the new one stands.
        """
        made = {}
        for month in look_back(snapshot, before, kept)[1]:
            target = self.part(kept, month)
            there = target.exists()
            if not there:
                say(str(month))
                self._make(snapshot, month, only_month(snapshot, month), kept, target)
                for old in self.folder(kept).glob(f"{month}-*"):
                    if old != target:
                        shutil.rmtree(old)
            made[str(month)] = not there
        return made

    def _make(self, snapshot: Snapshot, period: Period, only: dict[str, str], kept: Kept, target: Path) -> None:
        draft = target.with_name(f".{target.name}-{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        con = open_asof(snapshot, period, wide=False, only=only, **kept.limits)
        con.execute("CREATE SCHEMA part")
        self.leave(con, snapshot)
        for name in self.tables:
            write_parquet(con, f"SELECT * FROM part.{name}", draft / f"{name}.parquet", ["ALL"])
        con.close()
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)

    @contextmanager
    def beside(
        self, con: duckdb.DuckDBPyConnection, snapshot: Snapshot, survey: Survey, quarter: Period, kept: Kept
    ) -> Iterator[None]:
        """In the block, what the months before a quarter left stands beside the tables of its connection.

        Views ``part.*`` hold the months as each saw itself; tables ``cut.*`` hold what of them belongs to the crossing,
        which the connection computes anew, as its months saw it; ``cut.settlement`` and ``cut.prescription`` the
        crossing's keys. All parts must be there.
        """
        cut = self.folder(kept) / f".cut-{snapshot.digest[:12]}-{os.getpid()}"
        self._make(snapshot, _Cut(quarter.begin), only_cut(survey, quarter.begin), kept, cut)
        parts = [self.part(kept, month) for month in survey.before(quarter.begin)]
        con.execute("CREATE SCHEMA part; CREATE SCHEMA cut")
        for name in self.tables:
            files = ", ".join(literal(exactly(part / f"{name}.parquet")) for part in parts)
            con.execute(f"CREATE VIEW part.{name} AS SELECT * FROM read_parquet([{files}], hive_partitioning=false)")
            con.execute(f"CREATE TABLE cut.{name} AS SELECT * FROM {parquet(cut / f'{name}.parquet')}")
        for name, key in (("settlement", "setl_id"), ("prescription", "rxno")):
            rows = f"SELECT {key} FROM {parquet(survey.file(name))} WHERE month < TIMESTAMP '{quarter.begin}'"
            con.execute(f"CREATE TABLE cut.{name} AS {rows}")
        yield
        con.execute("DROP SCHEMA part CASCADE; DROP SCHEMA cut CASCADE")
        shutil.rmtree(cut)


@dataclass(frozen=True)
class _Cut:
    """All of the crossing before a moment, as a period that holds nothing of its own."""

    begin: datetime

    @property
    def as_of(self) -> datetime:
        return self.begin

    def __str__(self) -> str:
        return "cut"


def look_back(snapshot: Snapshot, before: datetime, kept: Kept) -> tuple[Survey, list[Month]]:
    """The survey of a snapshot and its months that were over at a moment."""
    survey = survey_of(snapshot, kept.threads, kept.memory_limit, kept.scratch)
    return survey, survey.before(before)


def open_quarter(snapshot: Snapshot, quarter: Period, kept: Kept, *, wide: bool) -> duckdb.DuckDBPyConnection:
    """``open_asof`` of a quarter that sees its own facts and the crossing alone; the rest of the look-back is kept.

    Without a month before it the same as ``open_asof``.
    """
    survey, months = look_back(snapshot, quarter.begin, kept)
    only = only_open(snapshot, survey, quarter.begin) if months else None
    return open_asof(snapshot, quarter, wide=wide, only=only, **kept.limits)


@contextmanager
def persons_at_once(
    snapshot: Snapshot, quarter: Period, persons: Sequence[str], kept: Kept
) -> Iterator[duckdb.DuckDBPyConnection]:
    """``open_asof`` of a quarter with the whole look-back, read at once, of a few persons' prescriptions."""
    folder = kept.folder / f".persons-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    con = connect(**kept.limits)
    only = only_persons(snapshot, con, persons, folder)
    con.close()
    con = open_asof(snapshot, quarter, only=only, **kept.limits)
    try:
        yield con
    finally:
        con.close()
        shutil.rmtree(folder)
