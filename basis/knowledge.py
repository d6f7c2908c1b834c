"""Knowledge points of the national "two libraries", as an agency hands them over in one CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records.engine import Connection
from records.errors import DataFault
from records.source import exactly

NEEDED = ("kp_id", "rule_name", "rule_class", "status", "med_code", "code_form", "decidable")
OPTIONAL = (
    "gz_code", "official", "superseded_by", "begndate", "enddate", "sex", "age_min_days", "age_max_days", "med_type",
    "hosp_lv", "insutype", "course_days", "course_scope", "icd", "tcm_use", "limit_text",
)  # fmt: skip
MOST_LISTED = 200


@dataclass(frozen=True)
class Points:
    """Loaded points: table ``knowledge_point`` stands on the connection; the rule names that they decide."""

    rule_names: frozenset[str]

    def report(self, con: Connection) -> dict[str, Any]:
        """How many points matched a drug of the folder, how many cannot be read into a limit, and which."""
        total, points, effective = con.execute(
            "SELECT count(*), count(DISTINCT kp_id), count(DISTINCT kp_id) FILTER (status = 'effective') FROM knowledge_point"
        ).fetchall()[0]
        matched = con.execute("SELECT count(DISTINCT kp_id) FROM point_of_drug").fetchall()[0][0]
        unread = con.execute(
            "SELECT DISTINCT kp_id, rule_name FROM knowledge_point WHERE status = 'effective' AND decidable <> '1' ORDER BY ALL"
        ).fetchall()
        return {
            "rows": total,
            "points": points,
            "effective": effective,
            "matched_points": matched,
            "undecidable_points": len(unread),
            "undecidable": [f"{name} {rule}" for name, rule in unread[:MOST_LISTED]],
        }


def read_points(con: Connection, path: Path) -> dict[str, int]:
    """Read knowledge points onto the connection; counts of rows, points, effective and undecidable ones.

    Any column order, more columns allowed. Raises DataFault for a file that lacks a needed column or cannot be
    read.
    """
    import duckdb

    try:
        read = duckdb.read_csv(
            exactly(path), header=True, all_varchar=True, sep=",", quotechar='"', escapechar='"', hive_partitioning=False
        )
        given = read.to_arrow_table()
    except duckdb.Error as error:
        raise DataFault(f"{path.name} cannot be read as knowledge points: check that it is CSV in UTF-8.") from error
    present = given.column_names
    missing = [name for name in NEEDED if name not in present]
    if missing:
        raise DataFault(f"{path.name} lacks the column {', '.join(missing)}: add it.")
    con.register("given_point", given)
    chosen = [
        f"nullif(trim({name}), '') AS {name}" if name in present else f"NULL::VARCHAR AS {name}"
        for name in (*NEEDED, *OPTIONAL)
    ]
    con.execute(f"CREATE OR REPLACE TEMP TABLE knowledge_point AS SELECT DISTINCT {', '.join(chosen)} FROM given_point")
    con.unregister("given_point")
    rows, points, effective, text_only = con.execute(
        "SELECT count(*), count(DISTINCT kp_id), count(DISTINCT kp_id) FILTER (status = 'effective'), "
        "count(DISTINCT kp_id) FILTER (status = 'effective' AND decidable <> '1') FROM knowledge_point"
    ).fetchall()[0]
    return {"rows": rows, "points": points, "effective": effective, "text_only": text_only}


def load_points(con: Connection, path: Path) -> Points:
    """Read knowledge points and match them with the catalogue of an as-of connection.

    Exact codes are used; only where a code and rule have none, the longest matching prefix. Errors as for
    ``read_points``.
    """
    read_points(con, path)
    con.execute((Path(__file__).parent / "points" / "match.sql").read_text(encoding="utf-8"))
    names = con.execute(
        "SELECT DISTINCT rule_name FROM knowledge_point WHERE status = 'effective' AND decidable = '1'"
    ).fetchall()
    return Points(frozenset(str(name) for (name,) in names))
