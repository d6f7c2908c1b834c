"""Applying knowledge points: one finding a rule and fee line, as their own documentation says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basis.evidence import at_stake
from basis.points.course import course_violations
from basis.points.words import why
from records.engine import Connection, Mapped, fill

if TYPE_CHECKING:
    from basis.knowledge import Points

_HERE = Path(__file__).parent


_FOUND = """
SELECT v.rule_name, v.feedetl_sn, list(v.kp_id) AS kp_ids, list(v.kind) AS kinds, list(v.value) AS vals,
    list(v.bound) AS bounds, list(v.over_days) AS overs, list(v.line_days) AS spans, min(v.rule_class) AS rule_class,
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
            yield from batch_of([_finding(row, version) for row in batch.to_pylist()]).to_batches()

    return findings


def _finding(row: dict[str, Any], version: str) -> tuple[Any, ...]:
    name, gz, policy = row["rule_name"], row["gz_code"], row["rule_class"] == "政策类"
    parts = ("kp_ids", "kinds", "vals", "bounds", "overs", "spans")
    violated = sorted(set(zip(*[row[part] for part in parts], strict=True)))
    said = list(dict.fromkeys(why(kind, value, bound) for _, kind, value, bound, _, _ in violated))
    kps = sorted({kp for kp, *_ in violated})
    amount = max(_part(row["stake_amt"], over, days) for *_, over, days in violated) if policy else Decimal(0)
    course = all(kind.startswith("course_") for _, kind, *_ in violated)
    evidence = {
        "kp_ids": kps,
        "points": [{"kp_id": kp, "kind": kind, "value": value, "limit": bound} for kp, kind, value, bound, _, _ in violated],
        "value": violated[0][2],
        "limit": violated[0][3],
        "drug": row["hilist_name"],
        "limit_text": row["limit_text"],
        "zh": f"{row['hilist_name']} 不符合“{name}”知识点：{'；'.join(zh for zh, _ in said)}",
        "en": f"{row['hilist_name']} violates a knowledge point of '{name}': {'; '.join(en for _, en in said)}",
        **at_stake(
            "none" if not policy else "above_limit" if course else "whole_line",
            [row["feedetl_sn"]],
            row["feedetl_sn"],
            amount,
        ),
    }
    if course:
        evidence["days"] = int(violated[0][2])
    basis = f"国家医保基金智能监管“两库” {name} {gz or ''} {' '.join(kps)}".replace("  ", " ").strip()
    return (
        f"kp-{gz or name}", name, "prescription" if row["rxno"] else "institution", row["rxno"] or row["fixmedins_code"],
        row["rxno"], row["setl_id"], row["feedetl_sn"], row["psn_no"], row["fixmedins_code"], row["bilg_dr_codg"],
        row["fee_ocur_time"], "definite" if policy else "suspicious", amount,
        json.dumps(evidence, ensure_ascii=False, sort_keys=True), None if policy else "2-2",
        "F38-6" if policy else None, basis, version,
    )  # fmt: skip


def _part(stake: Decimal, over: int, days: int) -> Decimal:
    """The share of an amount that lies above a course, whole fen, half a fen up."""
    if over >= days:
        return stake
    return (stake * over / days).quantize(Decimal("0.01"), ROUND_HALF_UP)
