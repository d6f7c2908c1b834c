"""Findings of a quarter: every rule in force, set-based over the as-of connection, each with its evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basis.rulebook import Rule, Rulebook

if TYPE_CHECKING:
    import duckdb

    from basis.knowledge import Points
    from records.snapshot import Snapshot

_TABLES = Path(__file__).parent / "knowledge_tables"
COLUMNS = (
    "rule_id VARCHAR, rule_name VARCHAR, subject_type VARCHAR, subject_code VARCHAR, rxno VARCHAR, setl_id VARCHAR, "
    "feedetl_sn VARCHAR, psn_no VARCHAR, fixmedins_code VARCHAR, dr_codg VARCHAR, fee_ocur_time TIMESTAMP, "
    "result_type VARCHAR, vola_amt DECIMAL(16, 2), vola_evid VARCHAR, item_codes VARCHAR, fund_codes VARCHAR, "
    "basis VARCHAR, basis_version VARCHAR"
)


@dataclass
class FindReport:
    """Findings by rule, the rules that could not be applied and why, and what became of knowledge points."""

    counts: dict[str, int] = field(default_factory=dict)
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    knowledge: dict[str, Any] = field(default_factory=dict)


def find(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, rulebook: Rulebook, knowledge: Points | None = None) -> FindReport:
    """Create table ``findings`` (the contract's columns) for the connection's quarter.

    ``con`` comes from ``records.asof.open_asof``. A rule whose data are absent is switched off and said; where
    loaded knowledge points cover a rule by its name, the shipped rule of that name is off for the run.
    """
    con.execute(f"CREATE OR REPLACE TABLE findings ({COLUMNS})")
    _prepare(con, rulebook)
    report = FindReport()
    covered = knowledge.rule_names if knowledge is not None else frozenset()
    for rule in rulebook.rules:
        missing = _missing(snapshot, rule)
        if missing is not None:
            report.switched_off.append(_off(rule, f"缺少{missing}", f"{missing} is not in the data"))
        elif rule.zh in covered:
            report.switched_off.append(_off(rule, "已由载入的知识点覆盖", "loaded knowledge points cover it"))
        else:
            report.counts[rule.rule_id] = _apply(con, rule, rulebook.version)
    if knowledge is not None:
        from basis.points import apply_points

        report.counts.update(apply_points(con, knowledge, rulebook.version))
        report.knowledge = knowledge.report(con)
    return report


def _off(rule: Rule, zh: str, en: str) -> dict[str, Any]:
    return {"what": rule.rule_id, "why_zh": zh, "why_en": en}


def _missing(snapshot: Snapshot, rule: Rule) -> str | None:
    """The first need that is absent; "a|b" needs either."""
    for need in rule.needs:
        if not any(snapshot.has(name) for name in need.split("|")):
            return need
    return None


def _prepare(con: duckdb.DuckDBPyConnection, rulebook: Rulebook) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE parameter (rule_id VARCHAR, name VARCHAR, value DOUBLE, "
        "valid_from TIMESTAMP, valid_to TIMESTAMP)"
    )
    for rule in rulebook.rules:
        for p in rule.parameters:
            con.execute(
                "INSERT INTO parameter VALUES (?, ?, ?, ?, ?)",
                [rule.rule_id, p.name, p.value, p.valid_from, p.valid_to],
            )
    con.execute(
        "CREATE OR REPLACE TEMP MACRO limit_of(of_rule, of_name, on_day) AS (SELECT max(p.value) FROM parameter p "
        "WHERE p.rule_id = of_rule AND p.name = of_name AND on_day >= p.valid_from AND on_day < p.valid_to)"
    )
    for path in sorted(_TABLES.glob("*.csv")):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {path.stem} AS FROM read_csv($path, header=true, all_varchar=true, delim=',')",
            {"path": str(path)},
        )


def _apply(con: duckdb.DuckDBPyConnection, rule: Rule, version: str) -> int:
    period = con.execute("SELECT begin, as_of FROM period").fetchall()[0]
    rows = con.execute(
        "SELECT subject_code, rxno, setl_id, feedetl_sn, psn_no, fixmedins_code, dr_codg, fee_ocur_time, "
        f"greatest(0, amount)::DECIMAL(16, 2), to_json(facts) FROM ({rule.sql}) "
        "WHERE fee_ocur_time >= $first AND fee_ocur_time < $last ORDER BY ALL",
        {"first": max(period[0], _midnight(rule.valid_from)), "last": min(period[1], _midnight(rule.valid_to))},
    ).fetchall()
    made = []
    for subject, rxno, setl_id, line, person, place, doctor, moment, amount, facts in rows:
        known = {key: "" if value is None else value for key, value in json.loads(facts).items()}
        evidence = {**known, "zh": rule.evidence_zh.format(**known), "en": rule.evidence_en.format(**known)}
        made.append(
            (rule.rule_id, rule.zh, rule.subject, subject, rxno, setl_id, line, person, place, doctor, moment,
             rule.result_type, 0 if rule.amount == "none" else amount, json.dumps(evidence, ensure_ascii=False, sort_keys=True),
             rule.item_codes or None, rule.fund_codes or None, rule.clause, version)
        )  # fmt: skip
    insert(con, made)
    return len(made)


def insert(con: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> None:
    """Add finding rows in bulk."""
    if not rows:
        return
    import pyarrow as pa

    names = [column.split(" ")[0] for column in COLUMNS.split(", ") if not column.startswith("2)")]
    kinds = {"fee_ocur_time": pa.timestamp("us"), "vola_amt": pa.decimal128(16, 2)}
    arrays = [
        pa.array([_decimal(value) if name == "vola_amt" else value for value in values], kinds.get(name, pa.string()))
        for name, values in zip(names, zip(*rows, strict=True), strict=True)
    ]
    con.register("new_findings", pa.table(arrays, names=names))
    con.execute("INSERT INTO findings SELECT * FROM new_findings")
    con.unregister("new_findings")


def _decimal(value: Any) -> Any:
    from decimal import Decimal

    return Decimal(value).quantize(Decimal("0.01"))


def _midnight(day: Any) -> Any:
    from datetime import datetime, time

    return datetime.combine(day, time())
