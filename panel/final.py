"""The final verdict of a case from its experts' opinions. Pure; the order of rows means nothing.

Source: the contract's 'Verdicts in'. Cases it leaves open, decided here: one opinion alone is final only when it
was given as final or adjudication, or when the design gives the case one expert; of two that differ the
adjudication's counts, else the case is disputed; an opinion 'cannot be judged' shares only with another such, and
has no place in the middle; what a meeting or a re-review decided stands above all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

UNJUDGED = "U"
_DECISIVE = ("final", "adjudication")
#: What a panel meeting or a re-review decides stands, whatever was said before; the re-review above the meeting.
PREVAILING = ("meeting", "re_review")


@dataclass(frozen=True)
class Opinion:
    """One expert's latest word on a prescription: class 0-3 or U, codes, loss in yuan (None = not stated)."""

    expert_id: str
    stage: str
    verdict_class: str
    item_codes: frozenset[str]
    fund_codes: frozenset[str]
    loss_amt: Decimal | None
    version: int = 1


@dataclass(frozen=True)
class Final:
    """What stands. ``verdict_class`` None = nothing is final yet; ``disputed`` codes are named by one only."""

    verdict_class: str | None
    item_codes: tuple[str, ...] = ()
    fund_codes: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    loss_amt: Decimal | None = None


def final_of(opinions: Sequence[Opinion], *, single: bool = False) -> Final:
    """The final verdict; see the module for the rules. ``single`` = the design gives the case one expert."""
    if not opinions:
        return Final(None)
    above = [opinion for opinion in opinions if opinion.stage in PREVAILING]
    if above:
        return _said_by(max(above, key=lambda opinion: (PREVAILING.index(opinion.stage), opinion.version)))
    if single and len(opinions) == 1:
        return _said_by(opinions[0])
    decisive = [opinion for opinion in opinions if opinion.stage in _DECISIVE]
    chosen = _class(opinions, decisive)
    alone = decisive[0] if len(opinions) < 3 and decisive and _differ(opinions) else None
    if len(opinions) == 1:
        alone = decisive[0] if decisive else None
        if alone is None:
            return Final(None)
    items = _standing([opinion.item_codes for opinion in opinions], alone.item_codes if alone else None)
    fund = _standing([opinion.fund_codes for opinion in opinions], alone.fund_codes if alone else None)
    named = {code for opinion in opinions for code in opinion.item_codes | opinion.fund_codes}
    disputed = tuple(sorted(named - set(items) - set(fund))) if len(opinions) == 2 else ()
    if chosen is None:
        return Final(None, disputed=tuple(sorted(named)))
    return Final(chosen, items, fund, disputed, _loss(opinions) if fund else None)


def _said_by(opinion: Opinion) -> Final:
    items, fund = tuple(sorted(opinion.item_codes)), tuple(sorted(opinion.fund_codes))
    return Final(opinion.verdict_class, items, fund, (), opinion.loss_amt if fund else None)


def _differ(opinions: Sequence[Opinion]) -> bool:
    return len({opinion.verdict_class for opinion in opinions}) > 1


def _class(opinions: Sequence[Opinion], decisive: Sequence[Opinion]) -> str | None:
    if len(opinions) == 1:
        return decisive[0].verdict_class if decisive else None
    counts = Counter(opinion.verdict_class for opinion in opinions)
    most = max(counts.values())
    shared = [name for name, count in counts.items() if count == most]
    if most >= 2 and len(shared) == 1:
        return shared[0]
    if len(opinions) == 2:
        return decisive[0].verdict_class if len(decisive) == 1 else None
    judged = sorted(opinion.verdict_class for opinion in opinions if opinion.verdict_class != UNJUDGED)
    # The lower of two middles: a doubt counts for the prescriber.
    return judged[(len(judged) - 1) // 2]


def _standing(named: Sequence[frozenset[str]], alone: frozenset[str] | None) -> tuple[str, ...]:
    if alone is not None:
        return tuple(sorted(alone))
    counts = Counter(code for codes in named for code in codes)
    return tuple(sorted(code for code, count in counts.items() if count >= 2))


def _loss(opinions: Sequence[Opinion]) -> Decimal | None:
    amounts = sorted(opinion.loss_amt for opinion in opinions if opinion.fund_codes and opinion.loss_amt is not None)
    if not amounts:
        return None
    middle = len(amounts) // 2
    if len(amounts) % 2:
        return amounts[middle]
    mean = (amounts[middle - 1] + amounts[middle]) / 2
    return mean.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
