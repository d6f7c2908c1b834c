"""Rules on a visit, its diagnoses and its fee lines once more, in plain Python, read from their clauses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tests.basis.slow_prescriptions import Found
from tests.basis.slow_world import Row, World, atc_of, day_of, fen, knowledge

WHOLE = Fraction(1)


def _whole(line: Row) -> tuple[str, int]:
    return line["feedetl_sn"], fen(line["stake_amt"], WHOLE)


def _self_paid(world: World, line: Row) -> bool:
    drug = world.drug.get(line["hilist_code"], {})
    return (line["chrgitm_lv"] or drug.get("chrgitm_lv")) == "03"


def special_disease(world: World) -> Found:
    table = knowledge("knowledge_special_disease")
    found = set()
    for line in world.lines:
        atc, disease = atc_of(world, line["hilist_code"]), line["dise_codg"]
        rows = [row for row in table if row["dise_codg"] == disease]
        if not line["in_quarter"] or not line["med_type"].startswith("14") or not atc or not rows or _self_paid(world, line):
            continue
        if not any(atc.startswith(row["atc_prefix"]) for row in rows):
            found.add(_whole(line))
    return found


def drug_visit_limit(world: World) -> Found:
    found = set()
    for line in world.lines:
        limit = world.drug.get(line["hilist_code"], {}).get("lmt_med_type")
        if (
            line["in_quarter"]
            and limit
            and not _self_paid(world, line)
            and not line["med_type"].startswith(tuple(limit.split()))
        ):
            found.add(_whole(line))
    return found


def drug_indication_limit(world: World) -> Found:
    found = set()
    for line in world.lines:
        limit = world.drug.get(line["hilist_code"], {}).get("lmt_icd")
        codes = world.codes.get(line["mdtrt_id"], [])
        if not line["in_quarter"] or not limit or not codes or _self_paid(world, line) or line["hosp_appr_flag"] == "1":
            continue
        if not any(code.startswith(tuple(limit.split())) for code in codes):
            found.add(_whole(line))
    return found


def drug_level_limit(world: World) -> Found:
    """Below the level; what continues a higher hospital's treatment (registration, chronic, long, a reason) is lawful."""
    found = set()
    for line in world.lines:
        limit, place = world.drug.get(line["hilist_code"], {}).get("lmt_hosp_lv"), world.place[line["fixmedins_code"]]
        if not line["in_quarter"] or not limit or place["hosp_lv"] is None or _self_paid(world, line):
            continue
        rx, day = world.rx.get(line["rxno"] or "", {}), day_of(line)
        registered = any(
            o["psn_no"] == line["psn_no"] and o["begndate"] <= day and (o["enddate"] is None or o["enddate"] >= day)
            for o in world.registered
        )
        continued = line["med_type"].startswith("14") or rx.get("long_rx_flag") == 1 or bool(rx.get("ext_reason")) or registered
        if place["hosp_lv"] < limit and not continued:
            found.add(_whole(line))
    return found


def rx_internet(world: World) -> Found:
    classes = {row["control_class"] for row in knowledge("knowledge_internet") if row["control_class"]}
    found = set()
    for line in world.on_rx:
        drug = world.drug[line["med_list_codg"]]
        if line["rxno"] not in world.frame or world.rx[line["rxno"]]["intn_rx_flag"] != 1:
            continue
        injected = drug["inj_flag"] == 1 and not str(drug["atc_code"]).startswith("A10")
        if drug["control_class"] in classes or injected:
            found.add(_whole(line))
    return found


def rx_injection(world: World) -> Found:
    mild = tuple(row["icd_prefix"] for row in knowledge("knowledge_no_injection"))
    found = set()
    for line in world.on_rx:
        row, codes = world.frame.get(line["rxno"]), world.codes.get(line["mdtrt_id"], [])
        if row is None or row["setting"] != "1" or world.rx[line["rxno"]]["ext_reason"] or not codes:
            continue
        injected = world.drug[line["med_list_codg"]]["inj_flag"] == 1 and line["medc_way_codg"] in (None, "2", "3")
        if injected and all(code.startswith(mild) for code in codes):
            found.add(_whole(line))
    return found


def rx_route(world: World) -> Found:
    """The longest word that a form holds says which routes fit; of words of one length the later routes."""
    found = set()
    for line in world.on_rx:
        form, route = world.drug[line["med_list_codg"]]["dosform"], line["medc_way_codg"]
        words = [(len(row["form"]), row["routes"]) for row in knowledge("knowledge_route") if row["form"] in form]
        if line["rxno"] in world.frame and words and route not in (None, "9") and route not in max(words)[1].split():
            found.add((line["feedetl_sn"], 0))
    return found


def rx_tcm_duplicate(world: World) -> Found:
    names: dict[tuple[str, str], set[str]] = {}
    for line in world.on_rx:
        drug = world.drug[line["med_list_codg"]]
        if line["rxno"] not in world.frame or world.rx[line["rxno"]]["ext_reason"] or drug["drug_kind"] != "12":
            continue
        classes = sorted(row["zh"] for row in knowledge("knowledge_tcm_class") if row["name"] in drug["drug_genname"])
        for said in classes[:1] or [drug["tcm_class"]]:
            if said:
                names.setdefault((line["rxno"], said), set()).add(drug["drug_genname"])
    return {(rxno, 0) for (rxno, _), held in names.items() if len(held) > 1}


def diagnosis_age(world: World) -> Found:
    found = set()
    for rxno, row in world.frame.items():
        for code in world.codes.get(row["mdtrt_id"], []):
            for rule in knowledge("knowledge_diagnosis_age"):
                least, most = int(rule["age_min_days"] or 0), int(rule["age_max_days"] or 10**6)
                if code.startswith(rule["icd_prefix"]) and not least <= row["age_days"] <= most:
                    found.add((rxno, 0))
    return found


def diagnosis_sex(world: World) -> Found:
    """Of the drawn diagnoses: prostate (N40) is a man's, pregnancy and birth (O, Z34) are a woman's."""
    other = {"1": ("O", "Z34"), "2": ("N40",)}
    return {
        (rxno, 0)
        for rxno, row in world.frame.items()
        if any(code.startswith(other[world.person[row["psn_no"]]["gend"]]) for code in world.codes.get(row["mdtrt_id"], []))
    }


def charge_twice(world: World) -> Found:
    """One item, quantity and price again in one settlement, outside the wards: each time after the first."""
    seen: set[tuple[object, ...]] = set()
    found = set()
    for line in world.lines:
        key = (line["setl_id"], line["hilist_code"], line["net_cnt"], line["pric"], line["day"])
        if line["in_quarter"] and not line["med_type"].startswith("2"):
            if key in seen:
                found.add(_whole(line))
            seen.add(key)
    return found


def _often(world: World, med_types: tuple[str, ...], most: int) -> Found:
    visits: dict[str, set[str]] = {}
    for line in world.lines:
        if line["in_quarter"] and line["med_type"] in med_types:
            visits.setdefault(line["psn_no"], set()).add(line["mdtrt_id"])
    return {(person, 0) for person, made in visits.items() if len(made) > most}


def person_frequent_visits(world: World) -> Found:
    return _often(world, ("11", "12", "13"), 20)


def person_frequent_purchases(world: World) -> Found:
    return _often(world, ("41",), 12)


def rx_no_diagnosis(world: World) -> Found:
    return {(rxno, 0) for rxno, row in world.frame.items() if not world.codes.get(row["mdtrt_id"])}


def rx_vague_use(world: World) -> Found:
    return {(rxno, 0) for rxno in world.frame if (world.rx[rxno]["usage_text"] or "") in ("遵医嘱", "自用")}


def rx_infant_age(world: World) -> Found:
    """Below three years the age has to be written in days or months."""
    found = set()
    for rxno, row in world.frame.items():
        written = world.rx[rxno]["age_text"] or ""
        if row["age_days"] < 1095 and not any(word in written for word in "天日月"):
            found.add((rxno, 0))
    return found


def service_after_death(world: World) -> Found:
    """By person and line: the day after the registered death, or later."""
    found = set()
    for line in world.lines:
        died = world.person[line["psn_no"]]["dead_date"]
        if line["in_quarter"] and died is not None and day_of(line) > died:
            found.add(_whole(line))
    return found


RULES: dict[str, Callable[[World], Found]] = {
    "special-disease": special_disease, "drug-visit-limit": drug_visit_limit, "drug-indication-limit": drug_indication_limit,
    "drug-level-limit": drug_level_limit, "rx-internet": rx_internet, "rx-injection": rx_injection, "rx-route": rx_route,
    "rx-tcm-duplicate": rx_tcm_duplicate, "diagnosis-age": diagnosis_age, "diagnosis-sex": diagnosis_sex,
    "charge-twice": charge_twice, "person-frequent-visits": person_frequent_visits,
    "person-frequent-purchases": person_frequent_purchases, "rx-no-diagnosis": rx_no_diagnosis, "rx-vague-use": rx_vague_use,
    "rx-infant-age": rx_infant_age, "service-after-death": service_after_death,
}  # fmt: skip
