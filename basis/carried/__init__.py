"""What earlier months leave for a quarter's rules: a person's supplies and stays, kept month by month.

Rules ask little of the time before the quarter (``records/sql/past.sql``), and all of it stands in narrow tables
(``history.sql``). Where months are kept, only the quarter and what reaches over a month's end is opened, and the parts
of the months are added to those tables: the findings have the same bytes as from the whole look-back read at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import records.asof
from records.asof import create_past
from records.engine import as_written
from records.kept import Kept, Parts, look_back, open_quarter
from records.snapshot import Snapshot

if TYPE_CHECKING:
    import duckdb

    from records.asof import Period

_HERE = Path(__file__).parent
#: The tables of a month's part; their grain stands in ``part.sql``.
PARTS = ("line", "stay", "trace", "item", "code", "day")


@cache
def _recipe() -> str:
    """A digest of everything that makes a part: its SQL, that of what was known, and the engine."""
    import duckdb

    known = sorted((Path(records.asof.__file__).parent / "sql").glob("*.sql"))
    texts = [path.read_text(encoding="utf-8") for path in (_HERE / "part.sql", *known)]
    return hashlib.sha256("\n".join([duckdb.__version__, *texts]).encode()).hexdigest()


def _leave(con: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
    del snapshot
    create_past(con)
    with as_written(con):
        con.execute((_HERE / "part.sql").read_text(encoding="utf-8"))


_PARTS = Parts(PARTS, _leave, _recipe, "rules")


def keep_months(
    snapshot: Snapshot, before: datetime, kept: Kept, say: Callable[[str], None] = lambda _: None
) -> dict[str, bool]:
    """Make the parts of months over at a moment that are not there yet, as ``Parts.keep`` does."""
    return _PARTS.keep(snapshot, before, kept, say)


def open_with_months(snapshot: Snapshot, quarter: Period, kept: Kept) -> duckdb.DuckDBPyConnection:
    """``open_asof`` for rules: the quarter as it is, the months before it by their parts.

    Makes what is not there. The connection sees the facts of the quarter and of the crossing, and beside them what
    rules ask of earlier time (``history_...``); nothing else of it may be asked for.
    """
    keep_months(snapshot, quarter.begin, kept)
    con = open_quarter(snapshot, quarter, kept, wide=True)
    survey, months = look_back(snapshot, quarter.begin, kept)
    if months:
        with _PARTS.beside(con, snapshot, survey, quarter, kept), as_written(con):
            con.execute((_HERE / "take.sql").read_text(encoding="utf-8"))
    return con
