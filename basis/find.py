"""Findings of a quarter: every rule in force, set-based over the as-of connection, each with its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basis.rulebook import Rule, Rulebook
from records.engine import Connection, Mapped, fill

if TYPE_CHECKING:
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


def find(con: Connection, snapshot: Snapshot, rulebook: Rulebook, knowledge: Points | None = None) -> FindReport:
    """Create table ``findings`` (the contract's columns) for the connection's quarter.

    ``con`` comes from ``records.asof`` and is of either engine. A rule whose data are absent is switched off and
    said; where loaded knowledge points cover a rule by its name, the shipped rule of that name is off for the run.
    """
    con.execute(f"CREATE OR REPLACE TABLE findings ({COLUMNS})")
    _prepare(con, rulebook)
    report = FindReport()
    covered = knowledge.rule_names if knowledge is not None else frozenset()
    applied = []
    for rule in rulebook.rules:
        missing = _missing(snapshot, rule)
        if missing is not None:
            report.switched_off.append(_off(rule, f"缺少{missing}", f"{missing} is not in the data"))
        elif rule.zh in covered:
            report.switched_off.append(_off(rule, "已由载入的知识点覆盖", "loaded knowledge points cover it"))
        else:
            applied.append(rule)
    report.counts.update(_apply(con, applied, rulebook.version))
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


def _prepare(con: Connection, rulebook: Rulebook) -> None:
    """The macro ``limit_of(rule, name, moment)``, the largest number in force then, and the knowledge tables."""
    from pyarrow import csv

    limits = [
        f"CASE WHEN of_rule = {_text(rule.rule_id)} AND of_name = {_text(p.name)} AND on_day >= TIMESTAMP '{p.valid_from}' "
        f"AND on_day < TIMESTAMP '{p.valid_to}' THEN {float(p.value)!r}::DOUBLE END"
        for rule in rulebook.rules
        for p in rule.parameters
    ]
    none = "NULL::DOUBLE"
    con.execute(
        f"CREATE OR REPLACE TEMP MACRO limit_of(of_rule, of_name, on_day) AS greatest({', '.join([none, none, *limits])})"
    )
    for path in sorted(_TABLES.glob("*.csv")):
        names = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        options = csv.ConvertOptions(column_types=dict.fromkeys(names, "string"), strings_can_be_null=True)
        con.register("given_knowledge", csv.read_csv(path, convert_options=options))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {path.stem} AS SELECT * FROM given_knowledge")
        con.unregister("given_knowledge")


def _apply(con: Connection, rules: list[Rule], version: str) -> dict[str, int]:
    """Findings of rules by rule; what a check finds gets its evidence in words where the rows are."""
    period = con.execute("SELECT begin, as_of FROM period").fetchall()[0]
    queries = [
        (
            "SELECT $rule::VARCHAR AS rule_id, subject_code::VARCHAR AS subject_code, rxno::VARCHAR AS rxno, "
            "setl_id::VARCHAR AS setl_id, feedetl_sn::VARCHAR AS feedetl_sn, psn_no::VARCHAR AS psn_no, "
            "fixmedins_code::VARCHAR AS fixmedins_code, dr_codg::VARCHAR AS dr_codg, fee_ocur_time, "
            f"greatest(0, amount)::DECIMAL(16, 2) AS amount, to_json(facts)::VARCHAR AS facts FROM ({rule.sql}) AS found "
            "WHERE fee_ocur_time >= $first AND fee_ocur_time < $last",
            {
                "rule": rule.rule_id,
                "first": max(period[0], _midnight(rule.valid_from)),
                "last": min(period[1], _midnight(rule.valid_to)),
            },
        )
        for rule in rules
    ]
    fill(con, "findings", queries, _with_evidence(rules, version))
    counted = dict(con.execute("SELECT rule_id, count(*) FROM findings GROUP BY rule_id").fetchall())
    return {rule.rule_id: int(counted.get(rule.rule_id, 0)) for rule in rules}


def _with_evidence(rules: list[Rule], version: str) -> Mapped:
    """A function from batches of what checks found to batches of findings; it runs in the engine's workers."""
    by_id = {rule.rule_id: rule for rule in rules}

    def findings(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            yield from batch_of([_finding(by_id[row["rule_id"]], row, version) for row in batch.to_pylist()]).to_batches()

    return findings


def _finding(rule: Rule, row: dict[str, Any], version: str) -> tuple[Any, ...]:
    known = {key: "" if value is None else value for key, value in json.loads(row["facts"]).items()}
    evidence = {**known, "zh": rule.evidence_zh.format(**known), "en": rule.evidence_en.format(**known)}
    return (
        rule.rule_id, rule.zh, rule.subject, row["subject_code"], row["rxno"], row["setl_id"], row["feedetl_sn"],
        row["psn_no"], row["fixmedins_code"], row["dr_codg"], row["fee_ocur_time"], rule.result_type,
        0 if rule.amount == "none" else row["amount"], json.dumps(evidence, ensure_ascii=False, sort_keys=True),
        rule.item_codes or None, rule.fund_codes or None, rule.clause, version,
    )  # fmt: skip


def batch_of(rows: list[tuple[Any, ...]]) -> Any:
    """Finding rows as an Arrow table."""
    import pyarrow as pa

    names = [column.split(" ")[0] for column in COLUMNS.split(", ") if not column.startswith("2)")]
    kinds = {"fee_ocur_time": pa.timestamp("us"), "vola_amt": pa.decimal128(16, 2)}
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [
        pa.array([_decimal(value) if name == "vola_amt" else value for value in values], kinds.get(name, pa.string()))
        for name, values in zip(names, columns, strict=True)
    ]
    return pa.table(arrays, names=names)


def _text(value: str) -> str:
    """A text of the rulebook as SQL has it: a macro takes no parameters."""
    return "'" + value.replace("'", "''") + "'"


def _decimal(value: Any) -> Any:
    from decimal import Decimal

    return Decimal(value).quantize(Decimal("0.01"))


def _midnight(day: Any) -> Any:
    from datetime import datetime, time

    return datetime.combine(day, time())
