"""Price features a second time, with exact fractions, from rows as dictionaries."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

Rows = list[dict[str, Any]]
World = dict[str, Rows]


def usual_prices(world: World) -> dict[str, tuple[Fraction, Fraction]]:
    """Median price of each product's counting unit (the lower of two), and the cheapest equal product's."""
    drugs = {d["med_list_codg"]: d for d in world["drug"] if d["drug_kind"] != "13"}
    prices: dict[str, list[Fraction]] = defaultdict(list)
    for line in world["net_line"]:
        if line["hilist_code"] in drugs:
            price = Fraction(line["pric"]) / Fraction(drugs[line["hilist_code"]]["units_per_pack"])
            prices[line["hilist_code"]].append(price)
    medians = {code: sorted(values)[(len(values) - 1) // 2] for code, values in prices.items()}

    def kind(code: str) -> tuple[Any, ...]:
        return tuple(drugs[code][name] for name in ("drug_genname", "dosform", "strength", "strength_unit"))

    return {
        code: (median, min([median, *(medians[other] for other in medians
                                      if kind(other) == kind(code) and len(prices[other]) >= 5)]))
        for code, median in medians.items()
    }  # fmt: skip


def prices(world: World) -> dict[str, dict[str, Any]]:
    """By prescription: worst price against the cheapest and the median, and the saving in yuan."""
    usual = usual_prices(world)
    packs = {d["med_list_codg"]: Fraction(d["units_per_pack"]) for d in world["drug"]}
    found: dict[str, Rows] = defaultdict(list)
    for line in world["net_line"]:
        if line["rxno"] and line["hilist_code"] in usual:
            price = Fraction(line["pric"]) / packs[line["hilist_code"]]
            median, cheapest = usual[line["hilist_code"]]
            saving = round(Fraction(line["net_amt"]) * 100 * max(0, price - cheapest) / price)
            found[line["rxno"]].append({"high": price / cheapest, "median": price / median, "saving": saving})
    return {
        rxno: {
            "price_to_cheapest": max(line["high"] for line in lines),
            "price_to_median": max(line["median"] for line in lines),
            "saving_amount": Fraction(sum(line["saving"] for line in lines), 100),
        }
        for rxno, lines in found.items()
    }
