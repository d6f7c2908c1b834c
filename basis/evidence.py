"""Evidence of a finding: the numbers that made it, words in both languages, and the amount at stake by line.

A check's own numbers keep their names (``limit``, ``value``, ``days``, ...). Added to them: ``zh`` and ``en``, the words;
``lines``, the fee lines meant; ``amounts``, yuan at stake by fee line; ``loss``, how much of a line is at stake by the
rule's own principle (whole_line, above_limit, none), with its words.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from basis.definition import Rule

#: How much of a line is at stake, in words.
LOSS = {
    "whole_line": ("整行金额", "the whole line"),
    "above_limit": ("超出限量部分的金额", "the part above the limit"),
    "none": ("不计金额", "no amount"),
}


def evidence_of(rule: Rule, row: dict[str, Any], amount: Decimal) -> dict[str, Any]:
    """Evidence of what a check found; a check may give ``lines`` (fee line numbers, with a blank between
    them or as a list) where it means several."""
    known: dict[str, Any] = {key: "" if value is None else value for key, value in json.loads(row["facts"]).items()}
    words = {"zh": rule.evidence_zh.format(**known), "en": rule.evidence_en.format(**known)}
    named = known.get("lines")
    lines = (named.split() if isinstance(named, str) else named) or ([row["feedetl_sn"]] if row["feedetl_sn"] else [])
    return {**known, **words, **at_stake(rule.amount, lines, row["feedetl_sn"], amount)}


def at_stake(principle: str, lines: list[str], line: str | None, amount: Decimal) -> dict[str, Any]:
    """The part of evidence on money: the finding's amount stands with its own line, the other lines have none."""
    zh, en = LOSS[principle]
    yuan = f"{Decimal(amount):.2f}"
    amounts = {number: yuan if number == line else "0.00" for number in lines} if principle != "none" else {}
    said = principle != "none"
    return {
        "lines": lines,
        "amounts": amounts,
        "loss": principle,
        "loss_zh": f"涉及金额 {yuan} 元（{zh}）" if said else zh,
        "loss_en": f"{yuan} yuan at stake ({en})" if said else en,
    }
