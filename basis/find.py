"""Findings of a quarter: every rule in force, set-based over the as-of connection, each with its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from basis.evidence import evidence_of
from basis.rulebook import Rule, Rulebook
from basis.variants import Variant, limits_sql, variants_of
from records.engine import Connection, Mapped, fill

if TYPE_CHECKING:
    from basis.knowledge import Points
    from records.snapshot import Snapshot

COLUMNS = (
    "rule_id VARCHAR, rule_name VARCHAR, subject_type VARCHAR, subject_code VARCHAR, rxno VARCHAR, setl_id VARCHAR, "
    "feedetl_sn VARCHAR, psn_no VARCHAR, fixmedins_code VARCHAR, dr_codg VARCHAR, fee_ocur_time TIMESTAMP, "
    "result_type VARCHAR, vola_amt DECIMAL(16, 2), vola_evid VARCHAR, item_codes VARCHAR, fund_codes VARCHAR, "
    "basis VARCHAR, basis_version VARCHAR"
)

#: Said wherever findings rest on rows of a knowledge table that nobody signed.
UNSIGNED = "知识表中有行未经药师签字，仅供演示。 Rows of knowledge tables are not signed by a pharmacist: for demonstration."


#: ``json.dumps`` with settings makes an encoder for each of millions of findings.
_WRITTEN = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass
class FindReport:
    """Findings by rule, the rules that could not be applied and why, and what became of knowledge points and tables."""

    counts: dict[str, int] = field(default_factory=dict)
    switched_off: list[dict[str, Any]] = field(default_factory=list)
    knowledge: dict[str, Any] = field(default_factory=dict)


def find(con: Connection, snapshot: Snapshot, rulebook: Rulebook, knowledge: Points | None = None) -> FindReport:
    """Create table ``findings`` (the contract's columns) for the connection's quarter.

    ``con`` comes from ``records.asof`` and is of either engine. A rule whose data are absent is switched off and
    said; where loaded knowledge points cover a rule by its name, the shipped rule of that name is off for the run.
    """
    con.execute(f"CREATE OR REPLACE TABLE findings ({COLUMNS})")
    prepare(con, rulebook)
    report = FindReport()
    covered = knowledge.rule_names if knowledge is not None else frozenset()
    applied = []
    for rule_id in dict.fromkeys(rule.rule_id for rule in rulebook.rules):
        rule = rulebook.rule(rule_id)
        missing = _missing(snapshot, rule)
        if missing is not None:
            report.switched_off.append(_off(rule_id, f"缺少{missing}", f"{missing} is not in the data"))
        elif rule.zh in covered:
            report.switched_off.append(_off(rule_id, "已由载入的知识点覆盖", "loaded knowledge points cover it"))
        else:
            applied.append(rule_id)
    report.switched_off += _groups_unknown(snapshot, rulebook)
    report.counts.update(_apply(con, [v for rule_id in applied for v in variants_of(rulebook, rule_id)], rulebook.version))
    if knowledge is not None:
        from basis.points import apply_points

        report.counts.update(apply_points(con, knowledge, rulebook.version))
        report.knowledge = knowledge.report(con)
    unsigned = {table.name: table.unsigned for table in rulebook.knowledge if table.unsigned}
    if unsigned:
        report.knowledge["unsigned_rows"] = unsigned
        report.knowledge["warning"] = UNSIGNED
    return report


def _off(what: str, zh: str, en: str) -> dict[str, Any]:
    return {"what": what, "why_zh": zh, "why_en": en}


def _groups_unknown(snapshot: Snapshot, rulebook: Rulebook) -> list[dict[str, Any]]:
    """Overrides for groups of persons, where the data do not say who belongs to any."""
    if snapshot.has("person_status"):
        return []
    zh, en = "缺少person_status，无法识别其人群", "person_status is not in the data, so nobody of its groups is known"
    return [_off(o.override_id, zh, en) for o in rulebook.overrides if o.groups]


def _missing(snapshot: Snapshot, rule: Rule) -> str | None:
    """The first need that is absent; "a|b" needs either."""
    for need in rule.needs:
        if not any(snapshot.has(name) for name in need.split("|")):
            return need
    return None


def prepare(con: Connection, rulebook: Rulebook) -> None:
    """The macro ``limit_of(rule, name, moment)``, the largest number in force then, and the knowledge tables."""
    import pyarrow as pa

    rule_ids = dict.fromkeys(rule.rule_id for rule in rulebook.rules)
    con.execute(limits_sql(v for rule_id in rule_ids for v in variants_of(rulebook, rule_id)))
    for table in rulebook.knowledge:
        columns = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.columns)
        con.register("given_knowledge", pa.table([pa.array(c, pa.string()) for c in columns], names=list(table.columns)))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table.name} AS SELECT * FROM given_knowledge")
        con.unregister("given_knowledge")


def query_of(variant: Variant) -> str:
    """What a variant finds between ``$first`` and ``$last``, where and for whom it stands; ``$variant`` is its key."""
    scoped = variant.condition and (
        " LEFT JOIN institution AS place ON place.fixmedins_code = found.fixmedins_code::VARCHAR"
        " LEFT JOIN person AS insured ON insured.psn_no = found.psn_no::VARCHAR"
    )
    columns = ", ".join(
        f"found.{name}::VARCHAR AS {name}"
        for name in ("subject_code", "rxno", "setl_id", "feedetl_sn", "psn_no", "fixmedins_code", "dr_codg")
    )
    return (
        f"SELECT $variant::VARCHAR AS variant, {columns}, found.fee_ocur_time, "
        "greatest(0, found.amount)::DECIMAL(16, 2) AS amount, to_json(found.facts)::VARCHAR AS facts "
        f"FROM ({variant.sql}) AS found{scoped} WHERE found.fee_ocur_time >= $first AND found.fee_ocur_time < $last"
        + (f" AND {variant.condition}" if variant.condition else "")
    )


def span_of(variant: Variant, begin: datetime, end: datetime) -> dict[str, Any]:
    """The parameters of ``query_of`` for a period: the days of it on which the rule is in force."""
    first, last = (datetime.combine(day, time()) for day in (variant.rule.valid_from, variant.rule.valid_to))
    return {"variant": variant.key, "first": max(begin, first), "last": min(end, last)}


def _apply(con: Connection, variants: list[Variant], version: str) -> dict[str, int]:
    """Findings of rules by rule; what a check finds gets its evidence in words where the rows are."""
    begin, end = con.execute("SELECT begin, as_of FROM period").fetchall()[0]
    queries = [(query_of(variant), span_of(variant, begin, end)) for variant in variants]
    fill(con, "findings", queries, _with_evidence(variants, version))
    counted = dict(con.execute("SELECT rule_id, count(*) FROM findings GROUP BY rule_id").fetchall())
    return {variant.rule.rule_id: int(counted.get(variant.rule.rule_id, 0)) for variant in variants}


def _with_evidence(variants: list[Variant], version: str) -> Mapped:
    """A function from batches of what checks found to batches of findings; it runs in the engine's workers."""
    by_key = {variant.key: variant for variant in variants}
    said: dict[tuple[str, date], str] = {}

    def basis_of(variant: Variant, day: date) -> str:
        known = said.get((variant.key, day))
        if known is None:
            known = said[variant.key, day] = variant.basis(day)
        return known

    def findings(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            rows = []
            for row in batch.to_pylist():
                variant = by_key[row["variant"]]
                rows.append(finding(variant, row, basis_of(variant, row["fee_ocur_time"].date()), version))
            yield from batch_of(rows).to_batches()

    return findings


def finding(variant: Variant, row: dict[str, Any], basis: str, version: str) -> tuple[Any, ...]:
    """A row of what a check found as a row of findings, in the order of ``COLUMNS``; ``basis`` is the day's clauses."""
    rule = variant.rule
    amount = _decimal(0 if rule.amount == "none" else row["amount"])
    evidence = evidence_of(rule, row, amount)
    return (
        rule.rule_id, rule.zh, rule.subject, row["subject_code"], row["rxno"], row["setl_id"], row["feedetl_sn"],
        row["psn_no"], row["fixmedins_code"], row["dr_codg"], row["fee_ocur_time"], rule.result_type,
        amount, _WRITTEN.encode(evidence),
        rule.item_codes or None, rule.fund_codes or None, basis, version,
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


def _decimal(value: Any) -> Any:
    return Decimal(value).quantize(Decimal("0.01"))
