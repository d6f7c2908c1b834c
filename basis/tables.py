"""Knowledge tables of our own form: the starter set, and an agency's version that extends or replaces it.

A table is a CSV file named as it is in ``basis/knowledge_tables``, with the same columns. ``source`` says on what a
row rests and must be there; ``verified`` says how far the row was compared with its source (one of ``VERIFIED``; empty:
nothing is said); ``signed_by`` names the pharmacist who signed it and is empty until one did.
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
#: How far a row was compared with its source, in words of both languages. None of it is a pharmacist's signature.
VERIFIED = {
    "text": ("已见来源原文", "the wording of the source was seen in a public copy"),
    "cited": ("已见转引", "seen where another public text restates it; the source itself was not seen"),
    "derived": ("由来源推得", "follows from the source by a step of ours"),
    "memory": ("凭记忆", "written from memory; neither found nor contradicted"),
    "example": ("示例", "a choice or number of ours, for demonstration"),
}
#: Columns that an agency's file may leave out.
OPTIONAL = frozenset({"verified", "except_names"})
#: Columns that say something of a row's key, and are no part of it.
_SAID = re.compile(
    r"zh|en|source|clause|verified|except_names|signed_by|signed_on|value|valid_\w+|\w+_(zh|en|days|grams|limit|dose|age)"
    r"|(note|reason|effect|limit|max|min|most|least)(_\w+)?"
)


_CODES = r"[A-Z][0-9A-Z.]*( [A-Z][0-9A-Z.]*)*"
#: What checks take for a number or the beginnings of codes.
_FORMS = {
    **dict.fromkeys(("most_days", "age_min_days", "age_max_days"), r"[0-9]{1,6}"),
    "most_grams": r"[0-9]{1,6}([.][0-9]+)?",
    **dict.fromkeys(("atc_prefix", "first_atc", "second_atc"), r"[A-Z][0-9A-Z]*"),
    **dict.fromkeys(("icd_prefix", "icd_prefixes", "except_icd"), _CODES),
}


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
    def by_verification(self) -> dict[str, int]:
        """Rows by how far they were compared with their source, in the order of ``VERIFIED``; "" where nothing is said."""
        place = self.columns.index("verified") if "verified" in self.columns else None
        said = ["" if place is None else row[place] or "" for row in self.rows]
        return {state: said.count(state) for state in (*VERIFIED, "")}

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

    Raises NotFound for a table that there is not, DataFault for a file that cannot be read, lacks a column that is
    not ``OPTIONAL``, has a row without source, says another word of its verification, or has the same key twice.
    """
    tables = shipped_tables()
    if name not in tables:
        raise NotFound(f"There is no knowledge table '{name}': choose {', '.join(sorted(tables))}.")
    return _matched(path, tables[name])


def _matched(path: Path, like: Table) -> Table:
    needed = tuple(name for name in like.columns if name not in OPTIONAL)
    _, rows = read_csv(path, f"rows of {like.name}", needed)
    table = Table(like.name, like.columns, tuple(tuple(row.get(name) for name in like.columns) for row in rows))
    unfounded = [number for number, row in enumerate(rows, start=2) if not row.get("source")]
    if unfounded:
        raise DataFault(f"{path.name}: record {unfounded[0]} has no source: say on what it rests.")
    for number, row in enumerate(rows, start=2):
        if (row.get("verified") or "text") not in VERIFIED:
            words = ", ".join(VERIFIED)
            raise DataFault(f"{path.name}: record {number} is verified '{row['verified']}': write one of {words}.")
    for number, row in enumerate(rows, start=2):
        for name, form in _FORMS.items():
            if row.get(name) and not re.fullmatch(form, row[name] or ""):
                raise DataFault(f"{path.name}: record {number} has the {name} '{row[name]}', which cannot be read: mend it.")
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
