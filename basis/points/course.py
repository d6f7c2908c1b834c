"""Days of a course: each day counted once however many lines use it; the line that passes the limit, and later ones."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from records.engine import Connection

_LINES = """
SELECT k.kp_id, k.rule_name, k.gz_code, k.rule_class, coalesce(k.limit_text, ''), k.course_days::DOUBLE, k.course_scope,
    n.psn_row, n.mdtrt_id, n.feedetl_sn, n.day, n.days_written, n.in_quarter,
    n.fee_ocur_time::DATE BETWEEN coalesce(k.begndate::DATE, DATE '0001-01-01')
        AND coalesce(k.enddate::DATE - 1, DATE '9999-12-31') AS valid
FROM history_line n JOIN point_of_drug k ON k.code = n.hilist_code
WHERE k.course_days IS NOT NULL AND NOT n.self_paid
ORDER BY k.kp_id, n.psn_row, n.fee_ocur_time, n.feedetl_sn"""

_TEXT = ("feedetl_sn", "kp_id", "rule_name", "gz_code", "rule_class", "limit_text", "kind", "value", "bound")
_WHOLE = ("over_days", "line_days")


def course_violations(con: Connection) -> None:
    """Add lines past their course to table ``violated``. A line without days of supply uses none."""
    import pyarrow as pa

    courses: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in con.execute(_LINES).fetchall():
        kp, scope, person, visit = row[0], row[6], row[7], row[8]
        courses[kp, person, visit if scope == "visit" else ""].append(row)
    found = [entry for lines in courses.values() for entry in _past(lines)]
    if found:
        columns = list(zip(*found, strict=True))
        arrays = [pa.array(values, pa.string()) for values in columns[: len(_TEXT)]]
        arrays += [pa.array(values, pa.int32()) for values in columns[len(_TEXT) :]]
        con.register("past_course", pa.table(arrays, names=[*_TEXT, *_WHOLE]))
        con.execute("INSERT INTO violated SELECT * FROM past_course")
        con.unregister("past_course")


def _past(lines: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Lines of one course in order; of the line that passes the limit the days above it, of later ones all."""
    used: set[int] = set()
    found, before = [], 0
    for kp, name, gz, kind, text, most, scope, _, _, number, day, days, in_quarter, valid in lines:
        own = max(0, days or 0)
        used.update(range(day, day + own))
        count = (max(used) - min(used) + 1 if used else 0) if scope == "span" else len(used)
        if count > most and in_quarter and valid:
            over = own if before > most else min(own, math.ceil(count - most))
            bound = f"{most:g}"
            found.append((number, kp, name, gz, kind, text, f"course_{scope}", str(count), bound, over or 1, own or 1))
        before = count
    return found
