"""A verdict as it comes in, from a form or a file, and what must hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from panel.tables import class_of, fund_codes, item_codes
from records.errors import WrongUse

CLASSES = ("0", "1", "2", "3", "U")
MOST_COMMENT = 4000


SEVERITIES = {"minor": ("轻微", "minor"), "moderate": ("一般", "moderate"), "serious": ("严重", "serious")}
MOST_SECONDS = 24 * 3600


@dataclass(frozen=True)
class LineInput:
    """What an expert says of one line, by its number on the prescription. Loss in yuan, None = not stated.

    ``loss_reason`` = why the amount differs from the one that a rule proposes.
    """

    line: int
    item_codes: tuple[str, ...] = ()
    fund_codes: tuple[str, ...] = ()
    loss_amt: str | None = None
    loss_reason: str = ""


@dataclass(frozen=True)
class VerdictInput:
    """One expert's verdict on a prescription: its class, codes of the whole and of single lines.

    ``severity`` = one of SEVERITIES, None = not stated; ``seconds`` = time spent, None = not measured.
    """

    verdict_class: str
    item_codes: tuple[str, ...] = ()
    fund_codes: tuple[str, ...] = ()
    loss_amt: str | None = None
    record_seen: bool = False
    comment: str = ""
    lines: tuple[LineInput, ...] = field(default=())
    severity: str | None = None
    seconds: int | None = None


def amount_of(text: object) -> Decimal | None:
    """Yuan to the fen; None for nothing. Raises WrongUse for what is no amount or is negative."""
    if text is None or str(text).strip() == "":
        return None
    # What was typed, as far as it helps to find it.
    shown = str(text).strip()[:40]
    try:
        value = Decimal(str(text).strip())
    except InvalidOperation as error:
        raise WrongUse(f"“{shown}”不是金额（元） '{shown}' is no amount in yuan.") from error
    if not value.is_finite() or not 0 <= value < 10**12 or value != value.quantize(Decimal("0.01")):
        raise WrongUse(
            f"“{shown}”不是金额（元，两位小数，不为负） '{shown}' is no amount in yuan with two decimals, 0 or more."
        )
    return value.quantize(Decimal("0.01"))


def check(verdict: VerdictInput, most: Decimal | None) -> VerdictInput:
    """The verdict with its class settled. Raises WrongUse, one sentence, for what cannot be meant.

    The class is the worst of all item codes where there are any, and may be left out then; class 0 may carry a fund
    code; an amount needs a fund code and is at most the prescription's own.
    """
    items = [*verdict.item_codes, *(code for line in verdict.lines for code in line.item_codes)]
    funds = [*verdict.fund_codes, *(code for line in verdict.lines for code in line.fund_codes)]
    verdict = replace(verdict, verdict_class=verdict.verdict_class or (str(class_of(items)) if items else ""))
    if verdict.verdict_class not in CLASSES:
        raise WrongUse(
            f"没有结论等级“{verdict.verdict_class}” '{verdict.verdict_class}' is no verdict class: use 0, 1, 2, 3 or U."
        )
    for code, known in [(c, item_codes()) for c in items] + [(c, fund_codes()) for c in funds]:
        if code not in known:
            raise WrongUse(f"没有代码“{code}” '{code}' is no code of the review standards or fund-use violations.")
    stated = verdict.loss_amt or any(line.loss_amt for line in verdict.lines)
    if verdict.verdict_class == "U" and (items or funds or stated):
        raise WrongUse("无法判定的不带代码和金额 What cannot be judged carries neither codes nor an amount.")
    if items and str(class_of(items)) != verdict.verdict_class:
        raise WrongUse(
            f"问题代码对应等级{class_of(items)}，与所选等级不符 "
            f"The item codes make class {class_of(items)}, not {verdict.verdict_class}: change one of them."
        )
    amount = amount_of(verdict.loss_amt)
    if amount and not funds:
        raise WrongUse("有金额须有基金使用违规代码 An amount needs a fund-use violation code.")
    if amount is not None and most is not None and amount > most:
        raise WrongUse(f"金额{amount}超过处方金额{most} The amount {amount} exceeds the prescription's own {most}.")
    if len(verdict.comment) > MOST_COMMENT:
        raise WrongUse(f"意见最多{MOST_COMMENT}字 A comment may have at most {MOST_COMMENT} characters.")
    if any("\0" in text for text in (verdict.comment, *(line.loss_reason for line in verdict.lines))):
        raise WrongUse("文字含无法保存的字符 The text has a character that cannot be kept.")
    if verdict.severity is not None and verdict.severity not in SEVERITIES:
        raise WrongUse(f"没有严重程度“{verdict.severity}” '{verdict.severity}' is no severity: use {', '.join(SEVERITIES)}.")
    if verdict.seconds is not None and not 0 <= verdict.seconds <= MOST_SECONDS:
        raise WrongUse("用时须为一日以内的秒数 The time spent must be a number of seconds within a day.")
    return verdict


def check_lines(
    verdict: VerdictInput, known: Mapping[int, Mapping[str, Any]], proposed: Mapping[int, Decimal] | None = None
) -> None:
    """Raise WrongUse for lines that cannot be meant. ``known`` = the case's lines by number, with their net_amt.

    ``proposed`` = amounts that rules propose by line, where the expert may see them: another amount, and none beside a
    fund code, needs a reason.
    """
    numbers = [line.line for line in verdict.lines]
    if len(numbers) != len(set(numbers)):
        raise WrongUse("同一行出现两次 A line is named twice: say everything of a line at once.")
    total = Decimal(0)
    for line in verdict.lines:
        if line.line not in known:
            raise WrongUse(f"处方没有第{line.line}行 The prescription has no line {line.line}.")
        amount = amount_of(line.loss_amt)
        if amount and not line.fund_codes:
            raise WrongUse(
                f"第{line.line}行有金额须有基金使用违规代码 The amount of line {line.line} needs a fund-use violation code."
            )
        net = known[line.line].get("net_amt")
        if amount is not None and net is not None and amount > Decimal(str(net)):
            raise WrongUse(
                f"金额{amount}超过第{line.line}行金额{net} The amount {amount} exceeds line {line.line}'s own {net}."
            )
        wanted = (proposed or {}).get(line.line)
        # A violation named without the amount that the rule proposes for it corrects it too: to nothing.
        stated = amount is not None or bool(line.fund_codes)
        if stated and wanted is not None and amount != wanted and not line.loss_reason.strip():
            raise WrongUse(
                f"第{line.line}行金额与规则所提{wanted}元不同，须写明理由 Say why line {line.line} differs from {wanted}."
            )
        if len(line.loss_reason) > MOST_COMMENT:
            raise WrongUse(f"理由最多{MOST_COMMENT}字 A reason may have at most {MOST_COMMENT} characters.")
        total += amount or 0
    whole = amount_of(verdict.loss_amt)
    if whole is not None and total > whole:
        raise WrongUse(
            f"各行金额合计{total}，超过处方金额{whole} "
            f"The amounts of the lines, {total} together, exceed the amount of the prescription, {whole}."
        )
