"""Confirmed losses by fee line: each line once, whatever verdicts, quarters or leads name it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assessment.inputs import AssessmentInput, QuarterInput, column
from assessment.money import apportion, fen
from assessment.outcomes import Outcome, codes

if TYPE_CHECKING:
    from assessment.scheme import Scheme

#: Opinions of the panel that only the competent authority can establish.
AUTHORITY_CODES = ("F40-", "P41-", "F38-5")


@dataclass(frozen=True)
class FeeLine:
    """A fee line net of refunds; money in fen."""

    feedetl_sn: str
    hilist_code: str
    hilist_name: str
    net: int
    stake: int
    stake_method: str


@dataclass(frozen=True)
class LossLine:
    """One line of a confirmed verdict. ``loss`` = as the panel confirmed it, ``deduct`` = what is deducted; fen.

    ``feedetl_sn`` is empty where the fee line is not known. ``note``: why less is deducted than was found:
    counted_before, not_recovered (payment method), above_stake, or empty.
    """

    outcome: Outcome
    feedetl_sn: str
    item_codes: tuple[str, ...]
    fund_codes: tuple[str, ...]
    loss: int
    fee_line: FeeLine | None
    deduct: int = 0
    note: str = ""
    clause: str = ""

    @property
    def addressee(self) -> str:
        """Who may act on it: agency, or authority for what only the competent authority establishes."""
        return "authority" if any(code.startswith(AUTHORITY_CODES) for code in self.fund_codes) else "agency"


def loss_lines(data: AssessmentInput, found: list[Outcome], scheme: Scheme) -> list[LossLine]:
    """Every line with a confirmed loss, of all arms, by quarter, prescription and line.

    A verdict counts when it is final, a fund code stands in it and its amount is above 0. A line that is named
    again keeps its row with loss and deduction 0 and the note ``counted_before``.
    """
    named: list[LossLine] = []
    by_quarter = {part.quarter: part for part in data.quarters}
    fees = {quarter: fee_lines(part) for quarter, part in by_quarter.items()}
    judged = {quarter: _judged_lines(part) for quarter, part in by_quarter.items()}
    for outcome in found:
        if outcome.closed:
            single = judged[outcome.quarter].get(outcome.rxno, [])
            named += _lines(outcome, single, fees[outcome.quarter].get(outcome.rxno, []))
    before = _before(data)
    once = []
    for line in sorted(named, key=lambda line: (line.outcome.quarter, line.outcome.rxno, line.feedetl_sn, -line.loss)):
        key = line.feedetl_sn or f"rxno {line.outcome.rxno}"
        if key in before:
            once.append(replace(line, loss=0, note="counted_before"))
        else:
            before.add(key)
            once.append(_deducted(line, scheme))
    return once


def _before(data: AssessmentInput) -> set[str]:
    rows = data.deducted_before
    return set() if rows is None else {str(code) for code in rows["feedetl_sn"]}


def fee_lines(part: QuarterInput) -> dict[str, list[FeeLine]]:
    """Fee lines of a quarter by prescription, each prescription's in the order of their numbers."""
    rows = part.fee_lines
    if rows is None:
        return {}
    names = ("rxno", "feedetl_sn", "hilist_code", "hilist_name", "net_amt", "stake_amt", "stake_method")
    found: dict[str, list[FeeLine]] = {}
    for rxno, number, code, name, net, stake, method in zip(*(column(rows, n) for n in names), strict=True):
        line = FeeLine(str(number), str(code or ""), str(name or ""), fen(net), fen(stake), str(method or "unknown"))
        found.setdefault(str(rxno), []).append(line)
    return {rxno: sorted(lines, key=lambda line: line.feedetl_sn) for rxno, lines in found.items()}


def _judged_lines(part: QuarterInput) -> dict[str, list[tuple[str, Any, Any, int]]]:
    rows = part.verdict_lines
    found: dict[str, list[tuple[str, Any, Any, int]]] = {}
    if rows is None:
        return found
    names = ("rxno", "feedetl_sn", "item_codes", "fund_codes", "loss_amt")
    for rxno, number, items, funds, loss in zip(*(column(rows, name) for name in names), strict=True):
        if number and codes(funds) and fen(loss) > 0:
            found.setdefault(str(rxno), []).append((str(number), items, funds, fen(loss)))
    return found


def _lines(outcome: Outcome, single: list[tuple[str, Any, Any, int]], fees: list[FeeLine]) -> list[LossLine]:
    known = {line.feedetl_sn: line for line in fees}
    if single:
        return [
            LossLine(outcome, number, codes(items), codes(funds), loss, known.get(number))
            for number, items, funds, loss in single
        ]
    total = fen(outcome.loss_amt)
    if not outcome.fund_codes or total <= 0:
        return []
    if not fees:
        return [LossLine(outcome, "", outcome.item_codes, outcome.fund_codes, total, None)]
    weights = [line.stake for line in fees]
    parts = apportion(total, weights if any(weights) else [line.net for line in fees])
    return [
        LossLine(outcome, line.feedetl_sn, outcome.item_codes, outcome.fund_codes, part, line)
        for line, part in zip(fees, parts, strict=True)
        if part > 0
    ]


def _deducted(line: LossLine, scheme: Scheme) -> LossLine:
    """What the scheme lets the agency deduct: never above the fund money at stake, 0 where not paid by item."""
    if line.fee_line is None:
        return replace(line, deduct=line.loss, clause=scheme.recovery["unknown"].clause)
    rule = scheme.recovery.get(line.fee_line.stake_method, scheme.recovery["unknown"])
    if not rule.recover:
        return replace(line, deduct=0, note="not_recovered", clause=rule.clause)
    most = line.fee_line.stake if rule.up_to == "stake" else line.fee_line.net
    note = "above_stake" if line.loss > most else ""
    return replace(line, deduct=min(line.loss, most), note=note, clause=rule.clause)
