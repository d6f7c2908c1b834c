"""Applying knowledge points: one finding a rule and fee line, as their own documentation says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basis.points.course import course_violations
from records.engine import Connection, Mapped, fill

if TYPE_CHECKING:
    from basis.knowledge import Points

_HERE = Path(__file__).parent


_FOUND = """
SELECT v.rule_name, v.feedetl_sn, list(v.kp_id) AS kp_ids, list(v.why) AS whys, min(v.rule_class) AS rule_class,
    min(v.gz_code) AS gz_code, min(v.limit_text) AS limit_text, n.rxno, n.setl_id, n.psn_no, n.fixmedins_code,
    n.bilg_dr_codg, n.fee_ocur_time, n.stake_amt, n.hilist_name
FROM violated v JOIN net_line n ON n.feedetl_sn = v.feedetl_sn
GROUP BY v.rule_name, v.feedetl_sn, n.rxno, n.setl_id, n.psn_no, n.fixmedins_code, n.bilg_dr_codg, n.fee_ocur_time,
    n.stake_amt, n.hilist_name"""


def apply_points(con: Connection, points: Points, version: str) -> dict[str, int]:
    """Add the findings of loaded points; returns counts by rule name. ``points`` are on the connection."""
    del points
    con.execute((_HERE / "judge.sql").read_text(encoding="utf-8"))
    course_violations(con)
    fill(con, "findings", [(_FOUND, {})], _with_evidence(version))
    counted = con.execute(
        "SELECT rule_name, count(*) FROM (SELECT DISTINCT rule_name, feedetl_sn FROM violated) AS found "
        "GROUP BY rule_name ORDER BY rule_name"
    )
    return {str(name): int(count) for name, count in counted.fetchall()}


def _with_evidence(version: str) -> Mapped:
    """A function from batches of violated lines to batches of findings; it runs in the engine's workers."""
    from basis.find import batch_of

    def findings(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            yield from batch_of([_finding(tuple(row.values()), version) for row in batch.to_pylist()]).to_batches()

    return findings


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
