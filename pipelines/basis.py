"""The review basis from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pipelines.gate import Source, fresh, pass_gate, refuse_when_blocked, snapshot_of
from pipelines.knowledge import POINTS, basis_of
from pipelines.tables import show
from records.errors import GateRefused
from records.output import write_bytes
from records.periods import Quarter
from records.source import parquet
from records.workplace import Workplace


def show_rules(workplace: Workplace) -> None:
    """Print every rule with its numbering and clause."""
    rulebook = basis_of(workplace, "").rulebook
    rows = [
        (rule.rule_id, rule.zh, rule.national_no, rule.item_codes, rule.fund_codes, rule.result_type, rule.clause)
        for rule in rulebook.rules
    ]
    show(
        ["规则 rule", "名称 name", "国家序号 no.", "点评代码 items", "基金代码 fund", "结果 result", "依据 clause"],
        rows,
    )
    sys.stdout.write(f"{len(rows)} rules, version {rulebook.version}\n")


def show_rule(workplace: Workplace, rule_id: str) -> None:
    """Print one rule: definition, dated parameters, check."""
    rule = basis_of(workplace, "").rulebook.rule(rule_id)
    for name in ("rule_id", "zh", "en", "national_no", "gz_code", "item_codes", "fund_codes", "result_type", "stage",
                 "subject", "population", "amount", "clause", "source", "valid_from", "valid_to", "checked_by"):  # fmt: skip
        sys.stdout.write(f"{name:<12} {getattr(rule, name) or ''}\n")
    sys.stdout.write(f"{'needs':<12} {' '.join(rule.needs)}\n")
    for p in rule.parameters:
        sys.stdout.write(f"parameter    {p.name} = {p.value:g} [{p.valid_from}, {p.valid_to}) {p.clause}\n")
    sys.stdout.write(f"\n{rule.sql}")


def try_on(workplace: Workplace, rule_id: str, data: str, quarter: str) -> None:
    """Run one rule, or a draft file, on past data: findings by institution, earlier verdicts on them, samples."""
    from basis.find import find
    from basis.rulebook import Rulebook, read_rule
    from records.asof import open_asof

    chosen = Quarter.parse(quarter)
    rule = read_rule(Path(rule_id)) if rule_id.endswith(".toml") else basis_of(workplace, "").rulebook.rule(rule_id)
    with workplace.lock():
        building = fresh(workplace.scratch / "try")
        accepted = pass_gate(Source(data, chosen), workplace, building)
        refuse_when_blocked(accepted, building)
        snapshot = snapshot_of(accepted, workplace)
        fresh(building).rmdir()
    con = open_asof(snapshot, chosen)
    report = find(con, snapshot, Rulebook((rule,)))
    for entry in report.switched_off:
        sys.stdout.write(f"{entry['why_zh']} {entry['why_en']}\n")
    counted = con.execute(
        "SELECT fixmedins_code, count(*), sum(vola_amt) FROM findings GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30"
    ).fetchall()
    show(["机构 institution", "发现 findings", "金额 yuan"], counted)
    judged = con.execute(
        "SELECT count(*), count(*) FILTER (v.verdict_class >= 1) FROM (SELECT DISTINCT rxno FROM findings) f "
        f"JOIN {parquet(snapshot.file('past_verdict'))} v USING (rxno)"
    ).fetchall()[0]
    sys.stdout.write(f"既往结论 earlier verdicts on them: {judged[0]}, 支持 upheld {judged[1]}\n")
    for rxno, evidence in con.execute("SELECT rxno, vola_evid FROM findings ORDER BY ALL LIMIT 5").fetchall():
        sys.stdout.write(f"{rxno or ''} {json.loads(evidence)['zh']}\n")


def publish_rule(workplace: Workplace, file: Path, published_by: str, approved_by: str) -> None:
    """Publish a local rule into the work folder; two different persons are needed, and the log says who."""
    from basis.rulebook import read_rule
    from panel.audit import record
    from panel.store import open_store
    from pipelines.cases import CLI

    rule = read_rule(file)
    if published_by.strip() == approved_by.strip() or not approved_by.strip():
        raise GateRefused("A rule is published by one person and approved by another: name two.")
    folder = workplace.basis / "rules"
    for suffix in (".toml", ".txt"):
        path = file.with_suffix(suffix)
        if path.exists():
            write_bytes(folder / f"{rule.rule_id}{suffix}", path.read_bytes())
    check = file.parent / f"{rule.check}.sql"
    if check.exists():
        write_bytes(folder / check.name, check.read_bytes())
    facts = {"rule": rule.rule_id, "published_by": published_by, "approved_by": approved_by}
    with open_store(workplace.store_url()) as store, store.change() as connection:
        record(connection, CLI, "rule published", rule.rule_id, facts)
    sys.stdout.write(f"{rule.rule_id} -> {folder}\n")


def load_knowledge(workplace: Workplace, file: Path) -> None:
    """Check a knowledge-point file and keep it for every later run of this work folder."""
    from basis.knowledge import read_points
    from records.asof import connect

    con = connect()
    counts = read_points(con, file)
    write_bytes(workplace.basis / "knowledge" / POINTS, file.read_bytes())
    for name, count in counts.items():
        sys.stdout.write(f"{name:<24} {count}\n")
