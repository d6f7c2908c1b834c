"""Knowledge points of the national "two libraries", as an agency hands them over in one CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basis.csv_file import Cells, read_csv
from basis.points.batches import chains
from basis.points.rows import NEEDED, OPTIONAL, normalised
from records.engine import Connection

WHAT = "knowledge points"


@dataclass(frozen=True)
class Points:
    """Loaded points: table ``knowledge_point`` stands on the connection; the rule names that they decide in its quarter.

    ``counts`` as ``counted`` gives them; ``unread`` names the effective points that decide nothing, and why.
    """

    rule_names: frozenset[str]
    counts: dict[str, int]
    unread: tuple[str, ...]

    def report(self, con: Connection) -> dict[str, Any]:
        """How many points matched a drug of the folder, how many cannot be read into a limit, and which."""
        matched = con.execute(
            "SELECT count(DISTINCT kp_id) FROM ("
            "SELECT p.kp_id FROM live_point p SEMI JOIN folder_code c ON c.code = p.med_code WHERE p.code_form = 'exact' "
            "UNION ALL SELECT p.kp_id FROM folder_code c JOIN live_point p ON starts_with(c.code, p.med_code) "
            "WHERE p.code_form = 'prefix') AS found"
        ).fetchall()[0][0]
        live = con.execute("SELECT count(DISTINCT kp_id) FROM live_point").fetchall()[0][0]
        return {
            "rows": self.counts["rows"],
            "points": self.counts["points"],
            "effective": self.counts["effective"],
            "superseded": self.counts["superseded"],
            "matched_points": matched,
            "unmatched_points": live - matched,
            "undecidable_points": len(self.unread),
            "undecidable": list(self.unread),
        }


def read_rows(path: Path) -> list[Cells]:
    """Rows of a file of knowledge points as they are handed over. Errors as ``read_csv`` has them."""
    return read_csv(path, WHAT, NEEDED)[1]


def counted(rows: list[Cells]) -> dict[str, int]:
    """Rows and points of normalised rows: ``points``, ``effective``, ``superseded``, ``text_only``, ``unread``."""

    def points(*wanted: bool) -> int:
        return len({row["kp_id"] for row, want in zip(rows, wanted, strict=True) if want})

    live = [row["status"] == "effective" for row in rows]
    text = [alive and row["decidable"] != "1" for alive, row in zip(live, rows, strict=True)]
    return {
        "rows": len(rows),
        "points": points(*[True] * len(rows)),
        "effective": points(*live),
        "superseded": points(*[row["status"] == "superseded" for row in rows]),
        "text_only": points(*text),
        "unread": points(*[row["unread"] is not None for row in rows]),
    }


def unread(rows: list[Cells]) -> list[str]:
    """Effective points that decide nothing, with their rule, and why where it is more than text only."""
    found = {
        f"{row['kp_id'] or '?'} {row['rule_name'] or '?'}" + (f": {row['unread']}" if row["unread"] else "")
        for row in rows
        if row["status"] == "effective" and row["decidable"] != "1"
    }
    return sorted(found)


def read_points(con: Connection, path: Path) -> dict[str, int]:
    """Read knowledge points onto the connection as ``knowledge_point``; counts as ``counted`` gives them.

    Any column order, more columns allowed. Raises DataFault for a file that lacks a needed column or cannot be
    read.
    """
    rows = normalised(read_rows(path))
    _register(con, rows)
    return counted(rows)


def load_points(con: Connection, path: Path) -> Points:
    """Read knowledge points and match them with the catalogue of an as-of connection.

    Exact codes are used; only where a code and rule have none, the longest matching prefix. Errors as for
    ``read_points``.
    """
    rows = normalised(read_rows(path))
    _register(con, rows)
    con.execute((Path(__file__).parent / "points" / "match.sql").read_text(encoding="utf-8"))
    named = con.execute(
        "SELECT DISTINCT rule_name FROM live_point, period WHERE coalesce(begndate::DATE < as_of::DATE, true) "
        "AND coalesce(enddate::DATE > begin::DATE, true)"
    ).fetchall()
    return Points(frozenset(str(name) for (name,) in named), counted(rows), tuple(unread(rows)))


def describe(rows: list[Cells]) -> dict[str, Any]:
    """Counts of handed-over rows and what their supersessions end in."""
    ends = chains(rows)
    return {**counted(normalised(rows)), **{f"superseded_{end}": len(names) for end, names in ends.items()}}


def _register(con: Connection, rows: list[Cells]) -> None:
    import pyarrow as pa

    names = (*NEEDED, *OPTIONAL)
    given = pa.table([pa.array([row[name] for row in rows], pa.string()) for name in names], names=list(names))
    con.register("given_point", given)
    con.execute("CREATE OR REPLACE TEMP TABLE knowledge_point AS SELECT * FROM given_point")
    con.unregister("given_point")
