"""Writes ``docs/basis.md``: every rule with its clause and drawn tables, and what of the national base is covered.

``python -m basis.catalogue``
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from basis.rulebook import Rule, load_rulebook
from records.output import write_text

_HERE = Path(__file__).parent
PAGE = _HERE.parent / "docs" / "basis.md"


def _rule(rule: Rule) -> list[str]:
    national = f"{rule.national_no} {rule.gz_code}" if rule.national_no else "—"
    lines = [
        f"### {rule.rule_id} · {rule.zh}",
        "",
        f"{rule.en}. {rule.clause}. Checked by: {rule.checked_by}.",
        "",
        "| national | item codes | fund codes | result | subject | amount | valid | needs |",
        "|---|---|---|---|---|---|---|---|",
        f"| {national} | {rule.item_codes or '—'} | {rule.fund_codes or '—'} | {rule.result_type} | {rule.subject} "
        f"| {rule.amount} | {rule.valid_from} – {rule.valid_to} | {' '.join(rule.needs)} |",
        "",
    ]
    for p in rule.parameters:
        lines.append(f"- `{p.name}` = {p.value:g} from {p.valid_from} to {p.valid_to}: {p.clause}")
    spec = (_HERE / "specs" / f"{rule.rule_id}.txt").read_text(encoding="utf-8").strip()
    return [*lines, "", "```text", spec, "```", ""]


def _coverage(rules: tuple[Rule, ...]) -> list[str]:
    entries = tomllib.loads((_HERE / "coverage.toml").read_text(encoding="utf-8"))
    shipped = {rule.national_no: rule.rule_id for rule in rules if rule.national_no}
    lines = ["## 国家规则覆盖 Coverage of the national rules", "", "| no. | rule | state |", "|---|---|---|"]
    for number, entry in sorted(((int(n), e) for n, e in entries["national"].items()), key=lambda pair: pair[0]):
        state = f"implemented: `{shipped[number]}`" if number in shipped else entry["state"]
        lines.append(f"| {number} | {entry['zh']} | {state} |")
    codes = {code: rule.rule_id for rule in rules for code in rule.item_codes.split()}
    lines += ["", "## 点评问题代码 Review item codes", "", "| code | state |", "|---|---|"]
    for code in entries["item_codes"]:
        lines.append(f"| {code} | {'implemented: `' + codes[code] + '`' if code in codes else entries['item_codes'][code]} |")
    return [*lines, ""]


def page() -> str:
    """The page as Markdown."""
    book = load_rulebook()
    lines = [
        "# 点评依据 The review basis",
        "",
        "Generated from `basis/rules`, `basis/specs` and `basis/coverage.toml` by `python -m basis.catalogue`; do not edit.",
        "The knowledge tables in `basis/knowledge_tables` are for demonstration until a pharmacist signs them (`signed_by`).",
        "",
        *_coverage(book.rules),
        "## 规则 Rules",
        "",
        *[line for rule in book.rules for line in _rule(rule)],
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    write_text(PAGE, page())
