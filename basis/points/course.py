"""Days of a course: each day counted once however many lines use it; the line that passes the limit, and later ones."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import groupby
from typing import Any

from records.engine import Connection

_LINES = """
SELECT k.kp_id, k.rule_name, k.gz_code, k.rule_class, coalesce(k.limit_text, ''), k.course_days::DOUBLE, k.course_scope,
    n.psn_no, n.mdtrt_id, n.feedetl_sn, n.fee_ocur_time, n.day, n.prd_days::DOUBLE, n.in_quarter,
    n.fee_ocur_time::DATE BETWEEN coalesce(k.begndate::DATE, DATE '0001-01-01')
        AND coalesce(k.enddate::DATE - 1, DATE '9999-12-31') AS valid
FROM net_line n JOIN point_of_drug k ON k.code = n.hilist_code LEFT JOIN drug d ON d.med_list_codg = n.hilist_code
WHERE k.course_days IS NOT NULL AND coalesce(n.chrgitm_lv, d.chrgitm_lv, '') <> '03'
ORDER BY k.kp_id, n.psn_no, n.fee_ocur_time, n.feedetl_sn"""

_VIOLATED = ("feedetl_sn", "kp_id", "rule_name", "gz_code", "rule_class", "limit_text", "why")


def course_violations(con: Connection) -> None:
    """Add lines past their course to table ``violated``. A line without days of supply uses none."""
    import pyarrow as pa

    found: list[tuple[Any, ...]] = []
    rows = con.execute(_LINES).fetchall()
    for _, group in groupby(rows, key=lambda row: (row[0], row[7], row[8] if row[6] == "visit" else "")):
        found += _past(list(group))
    if any(row[6] == "visit" for row in rows):
        # Lines of one visit may stand apart in the order above: judge visits on their own.
        found = [entry for entry in found if entry[7] != "visit"]
        visits: dict[tuple[str, str, str], list[tuple[Any, ...]]] = defaultdict(list)
        for row in rows:
            if row[6] == "visit":
                visits[row[0], row[7], row[8]].append(row)
        for mine in visits.values():
            found += _past(mine)
    if found:
        columns = [pa.array(values, pa.string()) for values in list(zip(*found, strict=True))[:7]]
        con.register("past_course", pa.table(columns, names=list(_VIOLATED)))
        con.execute("INSERT INTO violated SELECT * FROM past_course")
        con.unregister("past_course")


def _past(lines: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    used: set[int] = set()
    found = []
    for kp, name, gz, kind, text, most, scope, _, _, number, _, day, days, in_quarter, valid in lines:
        used.update(range(day, day + math.ceil(days or 0)))
        count = (max(used) - min(used) + 1 if used else 0) if scope == "span" else len(used)
        if count > most and in_quarter and valid:
            found.append((number, kp, name, gz, kind, text, f"{count} days used, most {most:g}", scope))
    return found
