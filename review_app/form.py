"""The verdict form as data: what a draft holds, which key chooses which code, what is submitted. Pure.

A draft is flat, so that two windows can amend different fields of it: verdict_class, severity, record_seen, comment, and
for each place (0 = the whole prescription, else a line's number) items_<n>, funds_<n>, loss_<n>, loss_reason_<n>.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from panel.tables import class_of, item_codes
from panel.verdict_input import LineInput, VerdictInput, amount_of
from records.errors import WrongUse
from review_app.presenters import Words, class_text, codes_text, severity_text, told

#: Keys that choose a code, in the order of a class's codes: ten and more go on with letters.
CODE_KEYS = "123456789abcdef"
CLASS_ORDER = ("1", "2", "3", "U", "0")


def content_of(draft: dict[str, Any] | None) -> dict[str, Any]:
    """A draft as the form has it; drafts of the first form, which knew no lines, are taken over."""
    content = dict(draft or {})
    for old, new in (("item_codes", "items_0"), ("fund_codes", "funds_0"), ("loss_amt", "loss_0")):
        if old in content:
            content.setdefault(new, content.pop(old))
    return content


def codes_of_class(chosen: str) -> list[tuple[str, str]]:
    """A class's item codes with the key that chooses each."""
    codes = [code for code in item_codes() if code.startswith(f"{chosen}-")]
    return list(zip(CODE_KEYS, codes, strict=False))


def with_codes(content: dict[str, Any], place: int, chosen: str, codes: list[str]) -> dict[str, Any]:
    """What changes when the codes of one class at one place are these: the other classes' codes stay."""
    kept = [code for code in content.get(f"items_{place}") or [] if not code.startswith(f"{chosen}-")]
    return {f"items_{place}": sorted([*kept, *codes], key=list(item_codes()).index), "verdict_class": chosen}


def places(content: dict[str, Any]) -> list[int]:
    """Places of which something is said, in order."""
    found = {int(name.rsplit("_", 1)[1]) for name, value in content.items() if value and name[-1].isdigit()}
    return sorted(found)


def all_items(content: dict[str, Any]) -> list[str]:
    """Item codes of all places."""
    return [code for place in places(content) for code in content.get(f"items_{place}") or []]


def class_shown(content: dict[str, Any]) -> str | None:
    """The class that would be submitted: the worst of the codes where there are any, else the one chosen."""
    items = all_items(content)
    return str(class_of(items)) if items else content.get("verdict_class")


def is_blank(content: dict[str, Any]) -> bool:
    """Whether nothing is recorded that finding the case reasonable at one stroke would lose."""
    return not places(content) and not (content.get("comment") or "").strip() and content.get("verdict_class") in (None, "0")


def amounts_of(case: dict[str, Any]) -> dict[int, str]:
    """The most that an amount can be, yuan by place: the prescription's total, each line's own."""
    lines = {int(line["line"]): str(line["net_amt"]) for line in case["lines"] if line.get("net_amt") is not None}
    return {0: str(case["total_amt"]), **lines}


def amount_problem(content: dict[str, Any], place: int, most: Mapping[int, str]) -> str | None:
    """What is wrong with the amount of a place, in both languages; None where nothing is, or nothing is stated."""
    try:
        amount = amount_of(content.get(f"loss_{place}"))
    except WrongUse:
        return "金额须为数字，单位元，至多两位小数，如12.50 An amount is a number of yuan, such as 12.50."
    if amount and not content.get(f"funds_{place}"):
        return "填写了金额就须选基金使用问题代码 An amount needs a fund-use code: choose one, or take the amount out."
    if amount and place in most and amount > Decimal(most[place]):
        return f"金额{amount}元超过这里的全部金额{most[place]}元 {amount} yuan are more than all there is here, {most[place]}."
    return None


def input_of(content: dict[str, Any], seconds: int | None, most: Mapping[int, str]) -> VerdictInput:
    """The verdict that a form's content means; ``most`` as ``amounts_of`` gives it.

    Raises WrongUse, in both languages, where nothing was chosen, for an amount that cannot be meant, and for codes or an
    amount beside 'cannot be judged'.
    """
    for place in places(content):
        if found := amount_problem(content, place, most):
            raise WrongUse(found)
    if class_shown(content) == "U" and places(content):
        raise WrongUse("“无法判断”不能带代码或金额 What cannot be judged carries neither codes nor an amount.")
    chosen = class_shown(content)
    if chosen is None and not any(content.get(f"funds_{place}") for place in places(content)):
        raise WrongUse("请先选择结论 Choose a class or a code first.")
    lines = tuple(
        LineInput(
            line=place,
            item_codes=tuple(content.get(f"items_{place}") or ()),
            fund_codes=tuple(content.get(f"funds_{place}") or ()),
            loss_amt=content.get(f"loss_{place}") or None,
            loss_reason=content.get(f"loss_reason_{place}") or "",
        )
        for place in places(content)
        if place
    )
    return VerdictInput(
        # A fund code alone: the prescribing may be reasonable all the same.
        verdict_class=chosen or "0",
        item_codes=tuple(content.get("items_0") or ()),
        fund_codes=tuple(content.get("funds_0") or ()),
        loss_amt=content.get("loss_0") or None,
        record_seen=bool(content.get("record_seen")),
        comment=(content.get("comment") or "").strip(),
        lines=lines,
        severity=content.get("severity"),
        seconds=seconds,
    )


def summary(content: dict[str, Any], _: Words, language: str) -> list[str]:
    """What has been recorded so far, a sentence a place."""
    rows = []
    for place in places(content):
        name = _("whole prescription") if not place else _("line {n}").format(n=place)
        codes = [*(content.get(f"items_{place}") or []), *(content.get(f"funds_{place}") or [])]
        amount = content.get(f"loss_{place}")
        said = "；".join(codes_text(" ".join(codes), language))
        rows.append(f"{name}: {said}" + (f" · {amount} {told(('元', 'yuan'), language)}" if amount else ""))
    return rows


def outcome(content: dict[str, Any], _: Words, language: str) -> str:
    """The class that would be submitted, in words."""
    shown = class_text(class_shown(content), language)
    severity = content.get("severity")
    return f"{shown} · {severity_text(severity, language)}" if severity else shown


def total_loss(content: dict[str, Any]) -> Decimal | None:
    """Yuan that the amounts of all places add up to; None where none is stated or one is no amount."""
    try:
        found = [amount_of(content.get(f"loss_{place}")) for place in places(content)]
    except WrongUse:
        return None
    known = [value for value in found if value is not None]
    return sum(known, Decimal(0)) if known else None
