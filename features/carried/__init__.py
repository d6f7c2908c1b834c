"""What earlier months leave for a quarter's features: kept month by month, computed when a month arrives.

A month's part rests on the month alone (``records.months``), so it stays as it is while other months come and go.
What belongs together over a month's end is taken out of the parts and computed with the quarter, so that the
features have the same bytes as from the whole look-back read at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.staging import build, stage_files
from records.asof import open_asof
from records.engine import Connection, as_written, tables_of
from records.months import Month, Survey, only_cut, only_month, only_open, survey_of
from records.output import write_parquet
from records.snapshot import Snapshot
from records.source import exactly, literal, parquet

if TYPE_CHECKING:
    import duckdb

    from records.asof import Period

_HERE = Path(__file__).parent
#: The tables of a month's part, and the stages they are made of.
PARTS = {
    "paid": ("paid",),
    "said": ("said",),
    "lift": ("lift_count", "medicine"),
    "visit": ("visit",),
    "supply": ("supply", "medicine"),
    "trace": ("box",),
    "rx": (),
    "death": ("died_before",),
    "known": (),
}


@dataclass(frozen=True)
class Kept:
    """Where months are kept, and what of the machine their making may use. Grain of a part: ``carried/part.sql``."""

    folder: Path
    threads: int = 2
    memory_limit: str = "4GB"
    scratch: Path | None = None

    @property
    def limits(self) -> dict[str, Any]:
        """What ``open_asof`` is told of the machine."""
        return {"threads": self.threads, "memory_limit": self.memory_limit, "scratch": self.scratch}

    def part(self, month: Month) -> Path:
        """Folder of a month's part: its name changes with the month's rows and with the way they are computed."""
        return self.folder / f"{month}-{hashlib.sha256(f'{month.digest} {_recipe()}'.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class _Cut:
    """All of the crossing before a moment, as a period that holds nothing of its own."""

    begin: datetime

    @property
    def as_of(self) -> datetime:
        return self.begin

    def __str__(self) -> str:
        return "cut"


@cache
def _recipe() -> str:
    """A digest of everything that makes a part: its SQL, that of what was known and of all stages, and the engine."""
    import duckdb

    import records.asof

    known = sorted((Path(records.asof.__file__).parent / "sql").glob("*.sql"))
    own = [_HERE / "part.sql", *known]
    texts = [path.read_text(encoding="utf-8") for path in own] + [file.sql for file in stage_files().values()]
    return hashlib.sha256("\n".join([duckdb.__version__, *texts]).encode()).hexdigest()


def without_months(con: Connection) -> None:
    """Say that nothing is carried over: every month stands on the connection itself."""
    if not tables_of(con, "carried"):
        con.execute("CREATE SCHEMA IF NOT EXISTS carried")
        with as_written(con):
            con.execute((_HERE / "nothing.sql").read_text(encoding="utf-8"))


def look_back(snapshot: Snapshot, before: datetime, kept: Kept) -> tuple[Survey, list[Month]]:
    """The survey of a snapshot and its months that were over at a moment."""
    survey = survey_of(snapshot, kept.threads, kept.memory_limit, kept.scratch)
    return survey, survey.before(before)


def keep_months(
    snapshot: Snapshot, before: datetime, kept: Kept, say: Callable[[str], None] = lambda _: None
) -> dict[str, bool]:
    """Make the parts of months over at a moment that are not there yet. Gives each month and whether it was made.

    A part that an earlier state of its month left behind is removed once the new one stands.
    """
    made = {}
    for month in look_back(snapshot, before, kept)[1]:
        there = kept.part(month).exists()
        if not there:
            say(str(month))
            _make(snapshot, month, only_month(snapshot, month), kept, kept.part(month))
            for old in kept.folder.glob(f"{month}-*"):
                if old != kept.part(month):
                    shutil.rmtree(old)
        made[str(month)] = not there
    return made


def _make(snapshot: Snapshot, period: Period, only: dict[str, str], kept: Kept, target: Path) -> None:
    from features.compute import known_needs

    draft = target.with_name(f".{target.name}-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    con = open_asof(snapshot, period, wide=False, only=only, **kept.limits)
    without_months(con)
    build(con, {"moment", *(stage for stages in PARTS.values() for stage in stages)})
    known_needs(con, snapshot)
    con.execute("CREATE SCHEMA part")
    with as_written(con):
        con.execute((_HERE / "part.sql").read_text(encoding="utf-8"))
    for name in PARTS:
        write_parquet(con, f"SELECT * FROM part.{name}", draft / f"{name}.parquet", ["ALL"])
    con.close()
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)


def open_with_months(snapshot: Snapshot, quarter: Period, kept: Kept) -> duckdb.DuckDBPyConnection:
    """``open_asof`` for features alone: the quarter as it is, the months before it by their parts.

    Makes what is not there. The connection sees the facts of the quarter and of the crossing; only features may be
    computed on it.
    """
    survey, months = look_back(snapshot, quarter.begin, kept)
    if not months:
        con = open_asof(snapshot, quarter, wide=False, **kept.limits)
        without_months(con)
        return con
    keep_months(snapshot, quarter.begin, kept)
    cut = kept.folder / f".cut-{snapshot.digest[:12]}-{os.getpid()}"
    _make(snapshot, _Cut(quarter.begin), only_cut(survey, quarter.begin), kept, cut)
    only = only_open(snapshot, survey, quarter.begin)
    con = open_asof(snapshot, quarter, wide=False, only=only, **kept.limits)
    _take(con, survey, quarter, [kept.part(month) for month in months], cut)
    shutil.rmtree(cut)
    return con


def _take(con: duckdb.DuckDBPyConnection, survey: Survey, quarter: Period, parts: list[Path], cut: Path) -> None:
    for schema in ("part", "cut", "carried"):
        con.execute(f"CREATE SCHEMA {schema}")
    for name in PARTS:
        files = ", ".join(literal(exactly(part / f"{name}.parquet")) for part in parts)
        con.execute(f"CREATE VIEW part.{name} AS SELECT * FROM read_parquet([{files}], hive_partitioning=false)")
        con.execute(f"CREATE TABLE cut.{name} AS SELECT * FROM {parquet(cut / f'{name}.parquet')}")
    for name, key in (("settlement", "setl_id"), ("prescription", "rxno")):
        rows = f"SELECT {key} FROM {parquet(survey.file(name))} WHERE month < TIMESTAMP '{quarter.begin}'"
        con.execute(f"CREATE TABLE cut.{name} AS {rows}")
    build(con, {"rows_person", "box"})
    with as_written(con):
        con.execute((_HERE / "take.sql").read_text(encoding="utf-8"))
    con.execute("DROP SCHEMA part CASCADE; DROP SCHEMA cut CASCADE")
