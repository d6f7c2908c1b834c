"""What earlier months leave for a quarter's features: kept month by month, computed when a month arrives.

What belongs together over a month's end is taken out of the parts and computed with the quarter, so that the
features have the same bytes as from the whole look-back read at once. Grain of a part: ``part.sql``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import records.asof
from features.staging import build, stage_files
from records.engine import Connection, as_written, tables_of
from records.kept import Kept, Parts, look_back, open_quarter
from records.snapshot import Snapshot

if TYPE_CHECKING:
    import duckdb

    from records.asof import Period

__all__ = ["Kept", "keep_months", "look_back", "open_with_months", "take", "without_months"]

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


@cache
def _recipe() -> str:
    """A digest of everything that makes a part: its SQL, that of what was known and of all stages, and the engine."""
    import duckdb

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


def _leave(con: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    from features.compute import known_needs

    without_months(con)
    build(con, {"moment", *(stage for stages in PARTS.values() for stage in stages)})
    known_needs(con, snapshot)
    with as_written(con):
        con.execute((_HERE / "part.sql").read_text(encoding="utf-8"))


_PARTS = Parts(tuple(PARTS), _leave, _recipe)


def keep_months(
    snapshot: Snapshot, before: datetime, kept: Kept, say: Callable[[str], None] = lambda _: None
) -> dict[str, bool]:
    """Make the parts of months over at a moment that are not there yet, as ``Parts.keep`` does."""
    return _PARTS.keep(snapshot, before, kept, say)


def open_with_months(snapshot: Snapshot, quarter: Period, kept: Kept) -> duckdb.DuckDBPyConnection:
    """``open_asof`` for features alone: the quarter as it is, the months before it by their parts.

    Makes what is not there. The connection sees the facts of the quarter and of the crossing; only features may be
    computed on it.
    """
    keep_months(snapshot, quarter.begin, kept)
    con = open_quarter(snapshot, quarter, kept, wide=False)
    take(con, snapshot, quarter, kept)
    return con


def take(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, quarter: Period, kept: Kept) -> None:
    """Put what months left for features onto a connection of ``open_quarter``; their parts must be there."""
    survey, months = look_back(snapshot, quarter.begin, kept)
    if not months:
        without_months(con)
        return
    with _PARTS.beside(con, snapshot, survey, quarter, kept):
        con.execute("CREATE SCHEMA carried")
        build(con, {"rows_person", "box"})
        with as_written(con):
            con.execute((_HERE / "take.sql").read_text(encoding="utf-8"))
