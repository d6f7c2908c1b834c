"""The person's supplies as bars on a scale of days, and the days that two of them cover. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from review_app.look import NONE, quantity, yuan
from review_app.presenters import Words


def supplies(case: dict[str, Any], _: Words, language: str) -> list[dict[str, Any]]:
    """The person's supplies by drug, this prescription's drugs first, with days that two supplies of a drug cover.

    One dict a drug: drug, bars (begin, days, this, said), overlaps (begin, days, said). A supply of unknown length is a
    day wide and overlaps nothing.
    """
    by_drug: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in case["timeline"]:
        by_drug[event["drug"] or NONE].append(event)
    mine = {drug for drug, events in by_drug.items() if any(event["this"] for event in events)}
    rows = []
    for drug in sorted(by_drug, key=lambda name: (name not in mine, name)):
        bars = [_supply(event, _, language) for event in sorted(by_drug[drug], key=lambda event: event["day"])]
        rows.append({"drug": drug, "bars": bars, "overlaps": _overlaps(bars, _)})
    return rows


def _supply(event: dict[str, Any], _: Words, language: str) -> dict[str, Any]:
    begin, days = date.fromisoformat(event["day"]), event["days"]
    length = _("length unknown") if days is None else quantity(days, _("days"))
    mine = f"，{_('this prescription')}" if event["this"] else ""
    return {
        "begin": begin,
        "days": max(1.0, float(days or 1)),
        "known": days is not None,
        "this": bool(event["this"]),
        "said": f"{event['drug'] or NONE} {begin:%Y-%m-%d} {length} {yuan(event['amt'], language)}{mine}",
    }


def _overlaps(bars: list[dict[str, Any]], _: Words) -> list[dict[str, Any]]:
    """Stretches of whole days that two or more known supplies cover, each told once."""
    cover: dict[date, int] = defaultdict(int)
    for bar in bars:
        if bar["known"]:
            for number in range(round(bar["days"])):
                cover[bar["begin"] + timedelta(days=number)] += 1
    found: list[dict[str, Any]] = []
    for day in sorted(day for day, supplies_of in cover.items() if supplies_of > 1):
        if found and found[-1]["begin"] + timedelta(days=found[-1]["days"]) == day:
            found[-1]["days"] += 1
        else:
            found.append({"begin": day, "days": 1})
    return [{**row, "said": f"{_('supplied twice')} {row['begin']:%Y-%m-%d} {row['days']} {_('days')}"} for row in found]
