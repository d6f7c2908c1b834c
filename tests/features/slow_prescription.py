"""Prescription features a second time, slowly and plainly, from rows as dictionaries."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Any

Rows = list[dict[str, Any]]
World = dict[str, Rows]
PER_DAY = {"11": 1, "12": 2, "13": 3}
MILLIGRAMS = {"mg": 1, "片": 10}


def _days(line: dict[str, Any]) -> int:
    return math.ceil(line["prd_days"])


def substance(line: dict[str, Any]) -> str:
    return line["atc_code"] or "G:" + line["drug_genname"]


def drug_class(line: dict[str, Any]) -> str:
    return line["atc_code"][:5] if line["atc_code"] else "G:" + line["drug_genname"]


def standing(world: World) -> Rows:
    """Prescriptions of the whole look-back that do not net to zero, with their amount."""
    amounts: dict[str, int] = defaultdict(int)
    for line in world["net_line"]:
        if line["rxno"]:
            amounts[line["rxno"]] += round(line["net_amt"] * 100)
    kinds = {line["rxno"]: line["med_type"] for line in world["net_line"]}
    rows = [
        {**p, "fen": amounts[p["rxno"]], "med_type": kinds[p["rxno"]]} for p in world["prescription"] if p["rxno"] in amounts
    ]
    return sorted(rows, key=lambda p: (p["prsc_time"], p["rxno"]))


def supplies(world: World) -> dict[tuple[str, str], Rows]:
    """Supplies to take home by person and substance in order of time; one a prescription or bought line."""
    given: dict[tuple[str, str, str], dict[str, Any]] = {}
    drugs = {d["med_list_codg"]: d for d in world["drug"]}
    kinds = {p["rxno"]: p for p in standing(world)}
    lines = [dict(line, moment=line["prsc_time"]) for line in world["rx_line"] if line["rxno"] in kinds]
    for line in world["net_line"]:
        if line["rxno"] is None and line["list_type"] == "101":
            lines.append({**line, **drugs[line["hilist_code"]], "moment": line["fee_ocur_time"]})
    for line in lines:
        med_type = line.get("med_type") or kinds[line["rxno"]]["med_type"]
        if line["prd_days"] is None or med_type.startswith("2"):
            continue
        key = (line["psn_no"], substance(line), line["rxno"] or line["feedetl_sn"])
        entry = given.setdefault(key, {"id": key[2], "moment": line["moment"], "days": 0})
        entry["days"] = max(entry["days"], _days(line))
    grouped: dict[tuple[str, str], Rows] = defaultdict(list)
    for (psn, what, _), entry in given.items():
        grouped[psn, what].append({**entry, "day": entry["moment"].date().toordinal()})
    for rows in grouped.values():
        rows.sort(key=lambda s: (s["moment"], s["id"]))
    return grouped


def supply_features(world: World) -> dict[str, dict[str, Any]]:
    """Overlap by sets of days; what is in hand by walking day after day."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for rows in supplies(world).values():
        for place, now in enumerate(rows):
            earlier = rows[:place]
            covered = {d for s in earlier for d in range(s["day"], s["day"] + s["days"])}
            in_hand, today = 0, None
            for s in earlier:
                in_hand = max(0, in_hand - (s["day"] - today if today is not None else 0)) + s["days"]
                today = s["day"]
            in_hand = max(0, in_hand - (now["day"] - today)) if today is not None else 0
            found[now["id"]].append(
                {
                    "overlap_days": len(covered & set(range(now["day"], now["day"] + now["days"]))),
                    "in_hand_days": in_hand,
                    "same_drug_30d": sum(0 <= now["day"] - s["day"] <= 30 for s in rows) - 1,
                    "same_drug_gap": now["day"] - earlier[-1]["day"] if earlier else None,
                }
            )
    worst: dict[str, dict[str, Any]] = {}
    for rxno, entries in found.items():
        gaps = [e["same_drug_gap"] for e in entries if e["same_drug_gap"] is not None]
        worst[rxno] = {name: max(e[name] for e in entries) for name in list(entries[0])[:3]}
        worst[rxno]["same_drug_gap"] = min(gaps) if gaps else None
    return worst


def lifts(world: World) -> dict[str, list[float]]:
    """Best log lift with a diagnosis of the visit for each drug class of a prescription, itself left out."""
    diagnoses: dict[str, set[str]] = defaultdict(set)
    for row in world["diagnosis"]:
        diagnoses[row["mdtrt_id"]].add(row["diag_code"][:3])
    classes: dict[str, set[str]] = defaultdict(set)
    for line in world["rx_line"]:
        if line["list_type"] == "101":
            classes[line["rxno"]].add(drug_class(line))
    seen = [(p["rxno"], classes[p["rxno"]], diagnoses[p["mdtrt_id"]]) for p in standing(world) if diagnoses[p["mdtrt_id"]]]
    result = {}
    for rxno, mine, ills in seen:
        others = [entry for entry in seen if entry[0] != rxno]
        best = []
        for what in sorted(mine):
            with_class = sum(what in entry[1] for entry in others)
            values = []
            for ill in ills:
                both = sum(what in entry[1] and ill in entry[2] for entry in others)
                with_ill = sum(ill in entry[2] for entry in others)
                values.append(math.log((both + 1) / (with_class * with_ill / max(len(others), 1) + 1)))
            best.append(max(values))
        result[rxno] = best
    return result


def _own(world: World, rx: dict[str, Any], lines: Rows) -> dict[str, Any]:
    """What stands on one prescription."""
    pieces = [line for line in lines if line["list_type"] == "102"]
    lines = [line for line in lines if line["list_type"] == "101"]
    days = [_days(line) for line in lines if line["prd_days"] is not None]
    tiers = [line["abx_tier"] for line in lines if line["abx_tier"] is not None]
    right = next(p["abx_tier"] for p in world["practitioner"] if p["dr_codg"] == rx["dr_codg"])
    doses = [
        float(line["sin_doscnt"]) * MILLIGRAMS[line["sin_dosunt"]] * PER_DAY[line["used_frqu_codg"]] / 40
        for line in lines
        if line["sin_doscnt"] is not None and line["used_frqu_codg"]
    ]
    kinds = {substance(line) for line in lines}
    return {
        "total_amount": rx["fen"] / 100,
        "n_lines": len(lines) + len(pieces),
        "n_pieces": len(pieces),
        "n_drugs": len(kinds),
        "same_substance_lines": len(lines) - len(kinds),
        "same_class_drugs": len(kinds) - len({drug_class(line) for line in lines}),
        "n_diagnoses": sum(d["mdtrt_id"] == rx["mdtrt_id"] for d in world["diagnosis"]),
        "no_days_share": sum(line["prd_days"] is None for line in lines) / len(lines) if lines else None,
        "n_antibacterials": len(tiers),
        "tier_over_right": None if tiers and right is None else max([0, *(t - (right or 0) for t in tiers)]),
        "days_max": max(days) if days else None,
        "dose_to_label": max(doses) if doses else None,
        **_limits(world, rx, lines + pieces),
        "days_after_death": _after_death(world, rx),
    }


def _limits(world: World, rx: dict[str, Any], lines: Rows) -> dict[str, int]:
    """Lines outside what the catalogue allows; the small city has no age on a label."""
    drugs = {d["med_list_codg"]: d for d in world["drug"]}
    mine = [drugs[line["med_list_codg"]] for line in lines]
    sex = next(p["gend"] for p in world["person"] if p["psn_no"] == rx["psn_no"])
    level = next(i["hosp_lv"] for i in world["institution"] if i["fixmedins_code"] == rx["fixmedins_code"])
    ills = [d["diag_code"] for d in world["diagnosis"] if d["mdtrt_id"] == rx["mdtrt_id"]]
    return {
        "wrong_person_lines": sum(d["sex_limit"] not in (None, sex) for d in mine),
        "under_level_lines": sum((d["lmt_hosp_lv"] or "0") > level for d in mine),
        "controlled_without_right": sum(d["control_class"] in ("N", "P1") for d in mine),
        "outside_indication_lines": sum(
            d["lmt_icd"] is not None and not any(ill.startswith(tuple(d["lmt_icd"].split())) for ill in ills) for d in mine
        ),
    }


def _after_death(world: World, rx: dict[str, Any]) -> int:
    died: date | None = next(p["dead_date"] for p in world["person"] if p["psn_no"] == rx["psn_no"])
    return max(0, (rx["prsc_time"].date() - died).days) if died else 0


def _around(rx: dict[str, Any], everyone: Rows, begin: datetime) -> dict[str, Any]:
    """The person's and the prescriber's other prescriptions around one."""
    today = rx["prsc_time"].date()
    mine = [p for p in everyone if p["psn_no"] == rx["psn_no"]]
    back = [p for p in mine if 0 <= (today - p["prsc_time"].date()).days <= 90]
    doctor = [p for p in everyone if p["dr_codg"] == rx["dr_codg"] and p["prsc_time"] >= begin]
    day = [p for p in doctor if p["prsc_time"].date() == today]
    before = [p for p in day if (p["prsc_time"], p["rxno"]) < (rx["prsc_time"], rx["rxno"])]
    same_day = [p for p in mine if p["prsc_time"].date() == today]
    return {
        "person_rx_30d": sum((today - p["prsc_time"].date()).days <= 30 for p in back) - 1,
        "person_amount_90d": sum(p["fen"] for p in back) / 100,
        "institutions_90d": len({p["fixmedins_code"] for p in back}),
        "prescribers_90d": len({p["dr_codg"] for p in back}),
        "same_prescriber_90d": sum(p["dr_codg"] == rx["dr_codg"] for p in back) - 1,
        "same_day_prescriptions": sum(p["fixmedins_code"] == rx["fixmedins_code"] for p in same_day) - 1,
        "same_day_institutions": len({p["fixmedins_code"] for p in same_day}),
        "seconds_since_previous": (rx["prsc_time"] - before[-1]["prsc_time"]).seconds if before else None,
        "prescriber_day": len(day),
        "prescriber_hour": sum(p["prsc_time"].hour == rx["prsc_time"].hour for p in day),
        "same_amount_others": sum(p["fen"] == rx["fen"] for p in doctor) - 1,
    }


def reused_codes(world: World) -> Counter[str]:
    """Trace codes of each standing fee line that stand on another one too."""
    lines: dict[str, set[str]] = defaultdict(set)
    standing_lines = {line["feedetl_sn"] for line in world["net_line"]}
    split = set()
    for row in world["drug_trace"]:
        if row["feedetl_sn"] in standing_lines and row["sel_retn_cnt"] > 0:
            lines[row["drug_trac_codg"]].add(row["feedetl_sn"])
            split |= {row["drug_trac_codg"]} if row["trdn_flag"] else set()
    return Counter(sn for code, sns in lines.items() if len(sns) > 1 and code not in split for sn in sns)


def prescriptions(world: World) -> dict[str, dict[str, Any]]:
    """All of the above for each prescription of the frame."""
    begin: datetime = world["period"][0]["begin"]
    everyone, supplied, fits, codes = (
        standing(world),
        supply_features(world),
        lifts(world),
        reused_codes(world),
    )
    result = {}
    for rx in everyone:
        if rx["prsc_time"] < begin:
            continue
        rxno = rx["rxno"]
        lines = [line for line in world["rx_line"] if line["rxno"] == rxno]
        fit = fits.get(rxno)
        result[rxno] = {
            **_own(world, rx, lines),
            **_around(rx, everyone, begin),
            **supplied.get(rxno, dict.fromkeys(("overlap_days", "in_hand_days", "same_drug_30d", "same_drug_gap"))),
            "indication_least": min(fit) if fit else None,
            "indication_mean": sum(fit) / len(fit) if fit else None,
            "unusual_drugs": sum(value <= 0 for value in fit) if fit else None,
            "reused_trace_codes": sum(codes[line["feedetl_sn"]] for line in lines),
        }
    return result
