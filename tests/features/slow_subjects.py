"""Features of persons, practitioners and institutions a second time, slowly, from rows as dictionaries."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import date
from statistics import mean, pstdev
from typing import Any

Rows = list[dict[str, Any]]
World = dict[str, Rows]


def fen(line: dict[str, Any]) -> int:
    return round(line["net_amt"] * 100)


def standing(world: World) -> Rows:
    """Settlements with a net line, and their net amount; every settlement of the small city has lines."""
    amounts: dict[str, int] = defaultdict(int)
    for line in world["net_line"]:
        amounts[line["setl_id"]] += fen(line)
    kinds = {i["fixmedins_code"]: i["fixmedins_type"] for i in world["institution"]}
    return [
        {
            **s,
            "fen": amounts[s["setl_id"]],
            "day": s["setl_time"].date(),
            "kind": kinds[s["fixmedins_code"]],
            "stay": s["med_type"].startswith("2"),
        }
        for s in world["settlement"]
        if s["setl_id"] in amounts
    ]


def companions(world: World) -> dict[frozenset[str], dict[str, set[date]]]:
    """Days on which two persons were settled within ten minutes, at most eight places apart."""
    first: dict[tuple[str, date], dict[str, Any]] = defaultdict(dict)
    for s in sorted(standing(world), key=lambda s: s["setl_time"]):
        if not s["stay"]:
            first[s["fixmedins_code"], s["day"]].setdefault(s["psn_no"], s["setl_time"])
    days: dict[frozenset[str], dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
    for (place, day), arrivals in first.items():
        queue = sorted(arrivals.items(), key=lambda item: (item[1], item[0]))
        for position, (one, at) in enumerate(queue):
            for other, then in queue[position + 1 : position + 9]:
                if (then - at).total_seconds() <= 600:
                    days[frozenset((one, other))][place].add(day)
    return days


def persons(world: World) -> dict[str, dict[str, Any]]:
    as_of = world["period"][0]["as_of"].date()
    begin = world["period"][0]["begin"]
    visits, pairs = standing(world), companions(world)
    died = {p["psn_no"]: p["dead_date"] for p in world["person"]}
    result = {}
    for psn in sorted({s["psn_no"] for s in world["settlement"] if s["setl_time"] >= begin}):
        mine = [s for s in visits if s["psn_no"] == psn]
        recent = [s for s in mine if (as_of - s["day"]).days <= 90]
        out = [s for s in mine if not s["stay"]]
        stays = [s for s in mine if s["stay"]]
        with_others = [len(days) for pair, places in pairs.items() if psn in pair for days in places.values()]
        charged = [s for s in world["settlement"] if s["psn_no"] == psn and s["setl_time"] >= begin]
        refunds = sum(s["refd_setl_flag"] for s in charged)
        result[psn] = {
            "amount_90d": sum(s["fen"] for s in recent) / 100 if mine else None,
            "visits_90d": len(recent),
            "institutions_90d": len({s["fixmedins_code"] for s in recent}),
            "pharmacies_90d": len({s["fixmedins_code"] for s in recent if s["kind"] == "2"}),
            "several_places_days": _several([s for s in out if (as_of - s["day"]).days <= 90]),
            "gap_spread": _spread(sorted({s["day"] for s in out})),
            "companions": sum(days >= 3 for days in with_others),
            "days_together": max([days for days in with_others if days >= 3], default=0),
            "visits_in_stay": sum(
                any(t["begndate"].date() < s["day"] < t["enddate"].date() for t in stays)
                for s in out
                if s["setl_time"] >= begin
            ),
            "refund_share": refunds / (len(charged) - refunds) if len(charged) > refunds else None,
            "lines_after_death": sum(
                line["psn_no"] == psn and died[psn] is not None and line["fee_ocur_time"].date() > died[psn]
                for line in world["net_line"]
            ),
        }
    return result


def _several(visits: Rows) -> int:
    places: dict[tuple[date, str], set[str]] = defaultdict(set)
    for s in visits:
        places[s["day"], s["kind"]].add(s["fixmedins_code"])
    return len({day for (day, _), codes in places.items() if len(codes) > 1})


def _spread(days: list[date]) -> float | None:
    gaps = [(b - a).days for a, b in itertools.pairwise(days)]
    return pstdev(gaps) / mean(gaps) if len(gaps) >= 3 else None


def possession(supplies: dict[tuple[str, str], Rows], as_of: date) -> dict[str, dict[str, Any]]:
    """Possession and what is in hand at the end, walking through the supplies of each substance."""
    ratios: dict[str, list[float]] = defaultdict(list)
    left: dict[str, list[int]] = defaultdict(list)
    for (psn, _), rows in supplies.items():
        in_hand, today = 0, rows[0]["day"]
        for s in rows:
            in_hand = max(0, in_hand - (s["day"] - today)) + s["days"]
            today = s["day"]
        end = as_of.toordinal()
        left[psn].append(max(0, in_hand - (end - today)))
        ratios[psn].append(sum(s["days"] for s in rows if s["day"] >= end - 180) / 180)
    return {p: {"possession_max": max(ratios[p]), "in_hand_max": max(left[p])} for p in ratios}


def practitioners(world: World, prescriptions: Rows) -> dict[str, dict[str, Any]]:
    """``prescriptions`` = those of the quarter that stand, with their amount in fen."""
    prescriber = {p["rxno"]: p["dr_codg"] for p in prescriptions}
    places = {i["fixmedins_code"]: i["hosp_lv"] for i in world["institution"]}
    kind = {p["dr_codg"]: (p["dept_codg"], places[p["fixmedins_code"]]) for p in prescriptions}
    spent: dict[str, Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    for line in world["net_line"]:
        if line["in_quarter"]:
            doctor = prescriber.get(line["rxno"], line["bilg_dr_codg"])
            every[doctor] += fen(line)
            if line["list_type"] != "201":
                spent[doctor][line["hilist_code"]] += fen(line)
    result = {}
    for doctor, products in spent.items():
        mine = [p for p in prescriptions if p["dr_codg"] == doctor]
        peers = [p["fen"] for p in prescriptions if mine and kind[p["dr_codg"]] == kind[doctor]]
        days: dict[date, Rows] = defaultdict(list)
        for p in sorted(mine, key=lambda p: (p["prsc_time"], p["rxno"])):
            days[p["prsc_time"].date()].append(p)
        waits = [
            (b["prsc_time"] - a["prsc_time"]).total_seconds() for rows in days.values() for a, b in itertools.pairwise(rows)
        ]
        amounts = Counter(p["fen"] for p in mine)
        result[doctor] = {
            "amount": every[doctor] / 100,
            "prescriptions": len(mine),
            "top_product_share": max(products.values()) / sum(products.values()),
            "amount_to_peers": (sum(p["fen"] for p in mine) + 20 * mean(peers)) / (len(mine) + 20) / mean(peers)
            if mine
            else None,
            "quick_share": sum(w <= 120 for w in waits) / len(waits) if waits else None,
            "same_amount_share": sum(amounts[p["fen"]] >= 3 for p in mine) / len(mine) if mine else None,
            "burst_day": max((len(rows) for rows in days.values()), default=0),
        }
    return result


def institutions(world: World) -> dict[str, dict[str, Any]]:
    begin = world["period"][0]["begin"]
    visits = standing(world)
    kind = {i["fixmedins_code"]: (i["fixmedins_type"], i["hosp_lv"]) for i in world["institution"]}
    quarter = [s for s in visits if s["setl_time"] >= begin]
    result = {}
    for place in sorted({s["fixmedins_code"] for s in quarter}):
        mine = [s for s in quarter if s["fixmedins_code"] == place]
        peers = [s["fen"] for s in quarter if s["fixmedins_code"] != place and kind[s["fixmedins_code"]] == kind[place]]
        earlier = [s for s in visits if s["fixmedins_code"] == place and 0 < (begin.date() - s["day"]).days <= 364]
        periods = max(((begin.date() - s["day"]).days - 1) // 91 for s in earlier) + 1
        spent = Counter()
        for s in mine:
            share = s["fen"] / round(s["medfee_sumamt"] * 100)
            spent[s["psn_no"]] += int(round(s["fund_pay_sumamt"] * 100) * share + 1e-9)
        lines = [line for line in world["net_line"] if line["in_quarter"] and line["fixmedins_code"] == place]
        names = [line["medins_list_name"] == "保健品" for line in lines if line["medins_list_name"]]
        again = Counter((n["psn_no"], n["day"], n["hilist_code"], n["cnt"], n["pric"]) for n in lines)
        result[place] = {
            "visits": len(mine),
            "mean_amount": sum(s["fen"] for s in mine) / len(mine) / 100,
            "amount_to_peers": mean(s["fen"] for s in mine) / mean(peers) if peers else None,
            "growth": sum(s["fen"] for s in mine) * periods / sum(s["fen"] for s in earlier),
            "top_persons_share": sum(n for _, n in spent.most_common(10)) / sum(spent.values()),
            "other_name_share": sum(names) / len(names),
            "repeated_share": sum(n - 1 for n in again.values()) / len(lines),
        }
    return result
