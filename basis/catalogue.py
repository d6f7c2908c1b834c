"""Writes ``docs/basis.md``: every rule with its clause and drawn tables, and what of the national base is covered.

``python -m basis.catalogue``
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from basis.evidence import LOSS
from basis.one import is_alone
from basis.rulebook import Override, Parameter, Rule, Rulebook, load_rulebook, read_override
from basis.tables import VERIFIED, Table
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
        lines.append(f"- `{p.name}` = {p.value:g} from {p.valid_from} to {p.valid_to}{_scope(p)}: {p.clause}")
    spec = (_HERE / "specs" / f"{rule.rule_id}.txt").read_text(encoding="utf-8").strip()
    words = [
        f"- 证据 evidence: {rule.evidence_zh} / {rule.evidence_en}",
        f"- 金额 loss: {LOSS[rule.amount][0]} / {LOSS[rule.amount][1]}",
        f"- 来源 source: {rule.source}; 适用 population: {rule.population}; 环节 stage: {rule.stage}"
        f"; 单张可判 decided from the person's own records: {'yes' if is_alone(rule) else 'no'}",
        f"- 版本 version: {Rulebook((rule,), (), ()).version}; 检验 scenarios: {spec.count('## ')}",
    ]
    return [*lines, *words, "", "```text", spec, "```", ""]


def _scope(read: Parameter | Override) -> str:
    """Where and for whom, in words; nothing where it is everywhere and everybody."""
    parts = [f"area {read.area}"] if read.area else []
    parts += [f"groups {' '.join(read.groups)}"] if read.groups else []
    diseases = getattr(read, "diseases", ())
    parts += [f"diseases {' '.join(diseases)}"] if diseases else []
    return f" ({', '.join(parts)})" if parts else ""


#: How an agency writes a rule of its own.
_OWN = """## 自己的规则 A rule of one's own

A folder holds `NAME.toml` (the lines of a shipped rule, see `basis/rules`), the check that it names (`CHECK.sql`; or a shipped
one, for the same `rule_id`) and the drawn tables (`RULE_ID.txt`, at least a violation and a just-not, each ending with `=>`).
A check is one SELECT over the run's own tables (`frame`, `rx_line`, `net_line`, `history_line`, `person`, ...); files, time and
chance are refused. It gives `rxno`, `setl_id`, `feedetl_sn`, `psn_no`, `fixmedins_code`, `dr_codg`, `fee_ocur_time`,
`subject_code`, `amount` and `facts`, a struct of what `evidence_zh` and `evidence_en` name in braces; `lines` in it are the fee
lines where there are several (numbers with a blank between them). A dated number is asked for by
`limit_of('RULE_ID', 'NAME', moment)`. `rxpanel basis try` shows what it would find, `rxpanel basis publish` makes it count; a
rule is retired by publishing it again with an earlier `valid_to`, so that findings of older days still stand on it.
"""


def _local(folder: Path) -> list[str]:
    """The shipped examples of local overrides, each with its drawn tables."""
    lines = [
        *_OWN.splitlines(),
        "",
        "## 地方调整示例 Examples of local overrides",
        "",
        "A file with a line `overrides` changes a rule in part: its numbers, or whom it does not concern, by area, group,",
        "disease and day. These stand in `basis/overrides` and count only where an agency publishes them",
        "(`rxpanel basis publish`). Of several the narrower area stands, and a group or disease before any area.",
        "",
    ]
    for path in sorted(folder.glob("*/*.toml")):
        o = read_override(path)
        what = "exempt" if o.exempt else ", ".join(f"`{p.name}` = {p.value:g}" for p in o.parameters)
        lines += [f"### {o.override_id} · {o.zh}", "", f"{o.en}. {o.clause}. Checked by: {o.checked_by}.", ""]
        lines += [f"- {', '.join(f'`{name}`' for name in o.overrides)}: {what} from {o.valid_from} to {o.valid_to}{_scope(o)}"]
        lines += ["", "```text", path.with_suffix(".txt").read_text(encoding="utf-8").strip(), "```", ""]
    return lines


def _tables(tables: tuple[Table, ...]) -> list[str]:
    """The knowledge tables with their signatures, and how an agency brings its own."""
    states = " | ".join(VERIFIED)
    lines = [
        "## 知识表 Knowledge tables",
        "",
        f"| table | columns | key | rows | not signed | {states} |",
        f"|---|---|---|---|---{'|---' * len(VERIFIED)}|",
    ]
    for table in tables:
        columns, key, found = " ".join(table.columns), " ".join(table.key), table.by_verification
        counts = " | ".join(str(found[state]) for state in VERIFIED)
        lines.append(f"| {table.name} | {columns} | {key} | {len(table.rows)} | {table.unsigned} | {counts} |")
    total = {state: sum(table.by_verification[state] for table in tables) for state in VERIFIED}
    return [
        *lines,
        "",
        "核对程度 How far each row was compared with its source (column `verified`; it replaces no signature):",
        "",
        *[f"- `{state}` {zh} {en}: {total[state]}" for state, (zh, en) in VERIFIED.items()],
        "",
        "**警告 Warning:** 未签字的行仅供演示，须经药师签字（`signed_by`）。 Rows that are not signed are for",
        "demonstration until a pharmacist signs them. An agency's own version is CSV (UTF-8 or GB18030, comma, header, any",
        "column order) with the same columns (`verified` and `except_names` may be left out) and a `source` in every row:",
        "`rxpanel basis load FILE --table NAME` extends the",
        "starter set (a row of the same key stands instead of ours), with `--replace` it stands alone. Official knowledge",
        "points come as batches in the format of `knowledge_points.csv` (`rxpanel basis load FILE`): of a key (kp_id and",
        "med_code) the later batch stands, what is",
        "superseded stays so, and what cannot be read into a limit is listed.",
        "",
    ]


def _coverage(rules: tuple[Rule, ...]) -> list[str]:
    entries = tomllib.loads((_HERE / "coverage.toml").read_text(encoding="utf-8"))
    ids = "|".join(sorted({rule.rule_id for rule in rules}, key=len, reverse=True))

    def state(text: str) -> str:
        """What the coverage says, with the rules that it names marked as such."""
        return re.sub(rf"(?<![\w-])({ids})(?![\w-])", r"`\1`", text)

    lines = ["## 国家规则覆盖 Coverage of the national rules", "", "| no. | rule | state |", "|---|---|---|"]
    for number, entry in sorted(((int(n), e) for n, e in entries["national"].items()), key=lambda pair: pair[0]):
        lines.append(f"| {number} | {entry['zh']} | {state(entry['state'])} |")
    lines += ["", "## 点评问题代码 Review item codes", "", "| code | state |", "|---|---|"]
    lines += [f"| {code} | {state(said)} |" for code, said in entries["item_codes"].items()]
    lines += ["", "## 疑点信号 Signals of misuse that are rules", "", "| 信号 | signal | state |", "|---|---|---|"]
    lines += [f"| {entry['zh']} | {entry['en']} | {state(entry['state'])} |" for entry in entries["signal"]]
    return [*lines, ""]


def page() -> str:
    """The page as Markdown."""
    book = load_rulebook()
    lines = [
        "# 点评依据 The review basis",
        "",
        "Generated from `basis/rules`, `basis/specs` and `basis/coverage.toml` by `python -m basis.catalogue`; do not edit.",
        "",
        *_coverage(book.rules),
        *_tables(book.knowledge),
        *_local(_HERE / "overrides"),
        "## 规则 Rules",
        "",
        *[line for rule in book.rules for line in _rule(rule)],
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    write_text(PAGE, page())
