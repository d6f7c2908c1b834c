"""The review basis from the command line: what stands, and what verdicts made of it."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.knowledge import basis_of
from pipelines.tables import show
from records.output import write_csv
from records.workplace import Workplace


def show_rules(workplace: Workplace) -> None:
    """Print every rule with its numbering and clause, and what is local."""
    rulebook = basis_of(workplace, "").rulebook
    rows = [
        (rule.rule_id, rule.zh, rule.national_no, rule.item_codes, rule.fund_codes, rule.result_type, rule.clause)
        for rule in rulebook.rules
    ]
    show(
        ["规则 rule", "名称 name", "国家序号 no.", "点评代码 items", "基金代码 fund", "结果 result", "依据 clause"],
        rows,
    )
    if rulebook.overrides:
        header = ["地方调整 override", "规则 rules", "地区 area", "人群 groups", "起 from", "止 to", "依据 clause"]
        local = [
            (
                o.override_id,
                " ".join(o.overrides),
                o.area,
                " ".join((*o.groups, *o.diseases)),
                o.valid_from,
                o.valid_to,
                o.clause,
            )
            for o in rulebook.overrides
        ]
        sys.stdout.write("\n")
        show(header, local)
    sys.stdout.write(f"{len(rows)} rules, version {rulebook.version}\n")
    unsigned = sum(table.unsigned for table in rulebook.knowledge)
    if unsigned:
        sys.stdout.write(
            f"知识表中 {unsigned} 行未经药师签字，仅供演示。"
            f" {unsigned} rows of the knowledge tables are not signed by a pharmacist: for demonstration.\n"
        )


def show_rule(workplace: Workplace, rule_id: str) -> None:
    """Print one rule: definition, dated parameters, local overrides, upheld rate, check."""
    rulebook = basis_of(workplace, "").rulebook
    rule = rulebook.rule(rule_id)
    for name in ("rule_id", "zh", "en", "national_no", "gz_code", "item_codes", "fund_codes", "result_type", "stage",
                 "subject", "population", "amount", "clause", "source", "valid_from", "valid_to", "checked_by"):  # fmt: skip
        sys.stdout.write(f"{name:<12} {getattr(rule, name) or ''}\n")
    sys.stdout.write(f"{'version':<12} {rulebook.version_of(rule_id)}\n{'needs':<12} {' '.join(rule.needs)}\n")
    for p in rule.parameters:
        where = " ".join(part for part in (p.area, *p.groups) if part)
        sys.stdout.write(f"parameter    {p.name} = {p.value:g} [{p.valid_from}, {p.valid_to}) {where} {p.clause}\n")
    for o in rulebook.only(rule_id).overrides:
        what = "exempt" if o.exempt else ", ".join(f"{p.name} = {p.value:g}" for p in o.parameters)
        where = " ".join(part for part in (o.area, *o.groups, *o.diseases) if part)
        sys.stdout.write(f"override     {o.override_id}: {what} [{o.valid_from}, {o.valid_to}) {where} {o.clause}\n")
    sys.stdout.write(f"{'verdicts':<12} {_verdicts_on(workplace, rule_id)}\n")
    sys.stdout.write(f"\n{rule.sql}")


def show_upheld(workplace: Workplace, out: Path | None) -> None:
    """Print, and write if asked, what verdicts made of each rule's findings; noisy rules come first."""
    from pipelines.upheld import upheld_of

    frame = upheld_of(workplace)
    header = ["规则 rule", "名称 name", "发现 findings", "处方 rx", "已评 judged", "支持 upheld", "比例 rate (90 %)"]
    rows = [
        (row.rule_id, row.rule_name, row.findings, row.prescriptions, row.judged, row.upheld, _share(row))
        for row in frame.itertuples(index=False)
    ]
    show(header, rows)
    if out is not None:
        write_csv(frame, out)
        sys.stdout.write(f"-> {out}\n")


def _verdicts_on(workplace: Workplace, rule_id: str) -> str:
    from pipelines.upheld import upheld_of

    frame = upheld_of(workplace)
    for row in frame[frame["rule_id"] == rule_id].itertuples(index=False):
        return f"{row.upheld} of {row.judged} judged prescriptions upheld {_share(row)}"
    return "no finding in a finished run"


def _share(row: object) -> str:
    judged, share = getattr(row, "judged", 0), getattr(row, "upheld_rate", None)
    if not judged or share is None:
        return ""
    return f"{share:.0%} [{getattr(row, 'rate_low90', 0):.0%}, {getattr(row, 'rate_high90', 0):.0%}]"
