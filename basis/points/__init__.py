"""Applying knowledge points: one finding a rule and fee line, as their own documentation says."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basis.points.course import course_violations

if TYPE_CHECKING:
    import duckdb

    from basis.knowledge import Points

_HERE = Path(__file__).parent


def apply_points(con: duckdb.DuckDBPyConnection, points: Points, version: str) -> dict[str, int]:
    """Add the findings of loaded points; returns counts by rule name. ``points`` are on the connection."""
    from basis.find import insert

    del points
    con.execute((_HERE / "judge.sql").read_text(encoding="utf-8"))
    course_violations(con)
    rows = con.execute(
        "SELECT v.rule_name, v.feedetl_sn, list(v.kp_id ORDER BY v.kp_id, v.why), list(v.why ORDER BY v.kp_id, v.why), "
        "any_value(v.rule_class), min(v.gz_code), min(v.limit_text), n.rxno, n.setl_id, n.psn_no, n.fixmedins_code, "
        "n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt, n.hilist_name FROM violated v JOIN net_line n USING (feedetl_sn) "
        "GROUP BY ALL ORDER BY v.rule_name, v.feedetl_sn"
    ).fetchall()
    # GROUP BY ALL groups by every plain column, so each rule and line stands once.
    counts: dict[str, int] = defaultdict(int)
    made = []
    for row in rows:
        counts[row[0]] += 1
        made.append(_finding(row, version))
    insert(con, made)
    return dict(counts)


def _finding(row: tuple[Any, ...], version: str) -> tuple[Any, ...]:
    name, line, kps, whys, kind, gz, text, rxno, setl, person, place, doctor, moment, stake, drug = row
    policy = kind == "政策类"
    evidence = {
        "kp_ids": sorted(set(kps)),
        "why": sorted(set(whys)),
        "drug": drug,
        "limit_text": text,
        "zh": f"{drug} 不符合“{name}”知识点：{'；'.join(sorted(set(whys)))}",
        "en": f"{drug} violates a knowledge point of '{name}': {'; '.join(sorted(set(whys)))}",
    }
    basis = f"国家医保基金智能监管“两库” {name} {gz or ''} {' '.join(sorted(set(kps)))}".replace("  ", " ").strip()
    return (
        f"kp-{gz or name}", name, "prescription" if rxno else "institution", rxno or place, rxno, setl, line, person,
        place, doctor, moment, "definite" if policy else "suspicious", stake if policy else 0,
        json.dumps(evidence, ensure_ascii=False, sort_keys=True), None if policy else "2-2",
        "F38-6" if policy else None, basis, version,
    )  # fmt: skip
