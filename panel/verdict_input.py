"""A verdict as it comes in, from a form or a file, and what must hold of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from panel.tables import class_of, fund_codes, item_codes
from records.errors import WrongUse

CLASSES = ("0", "1", "2", "3", "U")
MOST_COMMENT = 4000


@dataclass(frozen=True)
class VerdictInput:
    """One expert's verdict on a prescription, or on one line of it (``feedetl_sn``)."""

    verdict_class: str
    item_codes: tuple[str, ...] = ()
    fund_codes: tuple[str, ...] = ()
    loss_amt: str | None = None
    record_seen: bool = False
    comment: str = ""
    lines: tuple[dict[str, Any], ...] = field(default=())


def amount_of(text: object) -> Decimal | None:
    """Yuan to the fen; None for nothing. Raises WrongUse for what is no amount or is negative."""
    if text is None or str(text).strip() == "":
        return None
    try:
        value = Decimal(str(text).strip())
    except InvalidOperation as error:
        raise WrongUse(f"'{text}' is no amount in yuan.") from error
    if not value.is_finite() or value < 0 or value != value.quantize(Decimal("0.01")) or value >= 10**12:
        raise WrongUse(f"'{text}' is no amount in yuan with two decimals, 0 or more.")
    return value.quantize(Decimal("0.01"))


def check(verdict: VerdictInput, most: Decimal | None) -> VerdictInput:
    """The verdict with its class settled. Raises WrongUse, one sentence, for what cannot be meant.

    The class is the worst of the item codes where there are any; class 0 may carry a fund code; an amount
    needs a fund code and is at most the prescription's own.
    """
    if verdict.verdict_class not in CLASSES:
        raise WrongUse(f"'{verdict.verdict_class}' is no verdict class: use 0, 1, 2, 3 or U.")
    for code, known in [(c, item_codes()) for c in verdict.item_codes] + [(c, fund_codes()) for c in verdict.fund_codes]:
        if code not in known:
            raise WrongUse(f"'{code}' is no code of the review standards or fund-use violations.")
    if verdict.verdict_class == "U" and (verdict.item_codes or verdict.fund_codes or verdict.loss_amt):
        raise WrongUse("What cannot be judged carries neither codes nor an amount.")
    if verdict.item_codes and str(class_of(list(verdict.item_codes))) != verdict.verdict_class:
        worst = class_of(list(verdict.item_codes))
        raise WrongUse(f"The item codes make class {worst}, not {verdict.verdict_class}: change one of them.")
    amount = amount_of(verdict.loss_amt)
    if amount and not verdict.fund_codes:
        raise WrongUse("An amount needs a fund-use violation code.")
    if amount is not None and most is not None and amount > most:
        raise WrongUse(f"The amount {amount} exceeds the prescription's own {most}.")
    if len(verdict.comment) > MOST_COMMENT:
        raise WrongUse(f"A comment may have at most {MOST_COMMENT} characters.")
    return verdict
