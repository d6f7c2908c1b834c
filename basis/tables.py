"""Knowledge tables of our own form: the starter set, and an agency's version that extends or replaces it.

A table is a CSV file named as it is in ``basis/knowledge_tables``, with the same columns. ``source`` says on what a
row rests and must be there; ``signed_by`` names the pharmacist who signed it and is empty until one did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from basis.csv_file import read_csv
from records.errors import DataFault, NotFound

_SHIPPED = Path(__file__).parent / "knowledge_tables"
#: How a local file stands to the starter set: its rows go before those of the same key, or nothing else stands.
EXTEND, REPLACE = "extend", "replace"
#: Columns that say something of a row's key, and are no part of it.
_SAID = re.compile(
    r"zh|en|source|clause|signed_by|signed_on|value|valid_\w+|\w+_(zh|en|days|grams|limit|dose|age)"
    r"|(note|reason|effect|limit|max|min|most|least)(_\w+)?"
)


@dataclass(frozen=True)
class Table:
    """A knowledge table: name, columns, rows of text (None: nothing is said)."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]

    @property
    def unsigned(self) -> int:
        """Rows that no pharmacist has signed."""
        if "signed_by" not in self.columns:
            return len(self.rows)
        place = self.columns.index("signed_by")
        return sum(not row[place] for row in self.rows)

    @property
    def signers(self) -> tuple[str, ...]:
        """Who signed rows of it, sorted."""
        if "signed_by" not in self.columns:
            return ()
        place = self.columns.index("signed_by")
        return tuple(sorted({row[place] or "" for row in self.rows} - {""}))

    @property
    def key(self) -> tuple[str, ...]:
        """Columns by which a row of an extension stands for one of the starter set."""
        named = tuple(name for name in self.columns if not _SAID.fullmatch(name))
        return named or tuple(name for name in self.columns if name not in ("source", "signed_by"))


def shipped_tables() -> dict[str, Table]:
    """The starter set by name."""
    return {path.stem: _read(path) for path in sorted(_SHIPPED.glob("*.csv"))}


def load_tables(folder: Path | None = None) -> tuple[Table, ...]:
    """The starter set with an agency's files of ``folder`` (``<name>.extend.csv`` or ``<name>.replace.csv``)."""
    tables = shipped_tables()
    for path in sorted(folder.glob("*.csv")) if folder is not None else []:
        name, _, mode = path.stem.rpartition(".")
        if name not in tables or mode not in (EXTEND, REPLACE):
            raise DataFault(f"{path.name} is no file of a knowledge table that this version has: take it away.")
        local = _matched(path, tables[name])
        tables[name] = local if mode == REPLACE else _extended(tables[name], local)
    return tuple(tables[name] for name in sorted(tables))


def read_table(path: Path, name: str) -> Table:
    """An agency's version of a table, its columns in our order.

    Raises NotFound for a table that there is not, DataFault for a file that cannot be read, lacks a column, has a
    row without source, or the same key twice.
    """
    tables = shipped_tables()
    if name not in tables:
        raise NotFound(f"There is no knowledge table '{name}': choose {', '.join(sorted(tables))}.")
    return _matched(path, tables[name])


def _matched(path: Path, like: Table) -> Table:
    _, rows = read_csv(path, f"rows of {like.name}", like.columns)
    table = Table(like.name, like.columns, tuple(tuple(row[name] for name in like.columns) for row in rows))
    unfounded = [number for number, row in enumerate(rows, start=2) if not row.get("source")]
    if unfounded:
        raise DataFault(f"{path.name}: record {unfounded[0]} has no source: say on what it rests.")
    seen = set()
    for number, row in enumerate(rows, start=2):
        key = tuple(row[name] for name in like.key)
        if key in seen:
            raise DataFault(f"{path.name}: record {number} has the key of an earlier one ({', '.join(like.key)}): keep one.")
        seen.add(key)
    return table


def _extended(shipped: Table, local: Table) -> Table:
    places = [shipped.columns.index(name) for name in shipped.key]
    own = {tuple(row[place] for place in places) for row in local.rows}
    kept = tuple(row for row in shipped.rows if tuple(row[place] for place in places) not in own)
    return Table(shipped.name, shipped.columns, (*kept, *local.rows))


def _read(path: Path) -> Table:
    columns, rows = read_csv(path, "a knowledge table", ())
    return Table(path.stem, tuple(columns), tuple(tuple(row[name] for name in columns) for row in rows))
