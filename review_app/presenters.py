"""From a case to what is shown. Pure functions: payload in, plain rows out; no Streamlit, no store."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from basis.rulebook import load_rulebook
from panel.peers import words_of
from panel.tables import fund_codes, item_codes, states
from records.contract import load_contract
from review_app import look
from review_app.look import NONE, moment, quantity, yuan

Words = Callable[[str], str]
#: The verdict's classes with their words.
CLASSES = {
    "0": ("合理", "reasonable"),
    "1": ("不规范", "non-standard"),
    "2": ("用药不适宜", "inappropriate"),
    "3": ("超常", "abnormal"),
    "U": ("无法判断", "cannot be judged"),
}


def told(words: tuple[str, str] | None, language: str, otherwise: str = "") -> str:
    """One of two texts that data carry, by language."""
    return otherwise if words is None else words[0 if language == "zh" else 1]


def one_of(text: str | None, language: str) -> str:
    """The asked language of a text that has Chinese and English apart by a space; any other text as it is."""
    zh, _, en = str(text or "").partition(" ")
    return (zh if language == "zh" else en) if en and not zh.isascii() and en.isascii() else str(text or "")


def class_text(verdict_class: str | None, language: str) -> str:
    """A verdict's class: its sign and its words."""
    if verdict_class in (None, ""):
        return NONE
    sign = "" if verdict_class == "U" else f"{verdict_class} "
    return f"{sign}{told(CLASSES.get(str(verdict_class)), language, str(verdict_class))}"


def codes_text(codes: str | None, language: str) -> list[str]:
    """Item and fund codes with their words."""
    known = {**item_codes(), **fund_codes()}
    return [f"{code} {told(known.get(code), language)}".strip() for code in str(codes or "").split()]


@cache
def _rules() -> dict[str, str]:
    return {rule.zh: rule.en for rule in load_rulebook().rules}


def rule_name(name: str, language: str) -> str:
    """A rule's name by language; findings carry the Chinese one, and local rules and knowledge points have no other here."""
    return name if language == "zh" else _rules().get(name, name)


def code_word(table: str, column: str, code: str | None, language: str) -> str:
    """A code in words; the code itself when the contract has no word for it, a dash when it is missing."""
    if code in (None, ""):
        return NONE
    names = load_contract()[table].column(column).codes.get(str(code))
    return str(code) if names is None else names[0 if language == "zh" else 1]


def age_text(person: dict[str, Any], _: Words) -> str:
    """The age as written, else in years (months and days for infants)."""
    if person.get("age_text"):
        return str(person["age_text"])
    days = person.get("age_days")
    if days is None:
        return NONE
    if days < 60:
        return f"{days} {_('days old')}"
    return f"{days // 30} {_('months old')}" if days < 730 else f"{days // 365} {_('years old')}"


def head(case: dict[str, Any], _: Words, language: str) -> list[tuple[str, str]]:
    """The head of the prescription as labelled values."""
    person = case["person"]
    flags = [_("pregnant")] * bool(person.get("geso_flag")) + [_("breast-feeding")] * bool(person.get("suck_prd_flag"))
    return [
        (_("Sex"), code_word("person", "gend", person["gend"], language)),
        (_("Age"), age_text(person, _)),
        (_("Weight"), quantity(person.get("psn_wt"), "kg")),
        (_("Condition"), "、".join(flags) or NONE),
        (_("Insurance"), code_word("person", "insutype", person.get("insutype"), language)),
        (_("Chronic registration, code"), " ".join(person.get("chronic", [])) or NONE),
        (_("Setting"), code_word("prescription", "setting", case["setting"], language)),
        (_("Institution level"), code_word("institution", "hosp_lv", case["hosp_lv"], language)),
        (_("Department"), case.get("dept_name") or one_of(case.get("specialty"), language) or NONE),
        (_("Time"), moment(case["prsc_time"])),
    ]


def sealed(case: dict[str, Any], _: Words) -> list[tuple[str, str]]:
    """Names, for those whose role needs them; empty for everybody else."""
    kept = case.get("sealed") or {}
    if not kept:
        return []
    place = f"{kept.get('fixmedins_name') or ''} {kept.get('fixmedins_code') or ''}".strip()
    return [
        (_("Prescription number"), case.get("rxno") or NONE),
        (_("Institution"), place or NONE),
        (_("Prescriber"), f"{kept.get('dr_name') or ''} {kept.get('dr_codg') or ''}".strip() or NONE),
        (_("Person"), kept.get("psn_no") or NONE),
    ]


def diagnoses(case: dict[str, Any]) -> list[str]:
    """Diagnoses, the main one first as written."""
    return [f"{entry['diag_name']}（{entry['diag_code']}）" for entry in case["diagnoses"]]


def daily_dose(line: dict[str, Any]) -> Decimal | None:
    """Dose a day in the strength's unit; None where dose, unit or frequency do not tell."""
    if not line.get("sin_doscnt") or not line.get("per_day"):
        return None
    if str(line.get("sin_dosunt") or "").lower() != str(line.get("strength_unit") or "").lower():
        return None
    return Decimal(line["sin_doscnt"]) * Decimal(line["per_day"])


def marks(line: dict[str, Any], _: Words, language: str) -> list[tuple[str, str]]:
    """What kind of drug a line has, as (kind of mark, words)."""
    found = []
    if line.get("control_class"):
        found.append(("warn", code_word("drug", "control_class", line["control_class"], language)))
    if line.get("abx_tier"):
        found.append(("warn", f"{_('antibacterial')} {code_word('drug', 'abx_tier', line['abx_tier'], language)}"))
    if line.get("hi_nego_drug_flag"):
        found.append(("plain", _("negotiated")))
    if line.get("bas_medn_flag"):
        found.append(("plain", _("essential")))
    return found


def lines(case: dict[str, Any], _: Words, language: str) -> list[dict[str, Any]]:
    """The prescribed lines, the label's maximum beside what was written; ``over`` = above it."""
    rows = []
    for line in case["lines"]:
        dose, most = daily_dose(line), line.get("max_daily_dose")
        over = dose is not None and most is not None and round(dose, 2) > Decimal(most)
        written = quantity(None if dose is None else round(dose, 2), line.get("strength_unit"))
        strength = quantity(line["strength"], line["strength_unit"])
        pack = f"×{quantity(line['units_per_pack'])}" if line.get("units_per_pack") else ""
        rows.append(
            {
                "line": str(line["line"]),
                "drug": line["drug_genname"] or line.get("med_list_codg") or NONE,
                "form": " ".join(part for part in (strength, line.get("dosform") or "", pack) if part not in ("", NONE)),
                "marks": marks(line, _, language),
                "directions": directions(line, language),
                "dose": f"▲ {written}" if over else written,
                "over": over,
                "limit": quantity(most, line.get("strength_unit")),
                "days": quantity(line["prd_days"], _("days")),
                "quantity": quantity(line["cnt"]),
                "restriction": line.get("lmt_text") or NONE,
                "amount": yuan(line["net_amt"], language),
            }
        )
    return rows


def directions(line: dict[str, Any], language: str) -> str:
    """Dose, frequency and route in one text."""
    parts = [
        quantity(line["sin_doscnt"], line["sin_dosunt"]) if line["sin_doscnt"] else "",
        code_word("fee_line", "used_frqu_codg", line["used_frqu_codg"], language) if line["used_frqu_codg"] else "",
        code_word("fee_line", "medc_way_codg", line["medc_way_codg"], language) if line["medc_way_codg"] else "",
    ]
    return " ".join(part for part in parts if part) or NONE


def foot(case: dict[str, Any], _: Words, language: str) -> list[tuple[str, str]]:
    """The foot of the prescription."""
    return [
        (_("Pharmacist's check"), _("recorded") if case["pharmacist_reviewed"] else _("not recorded")),
        (_("Long-term prescription"), _("yes") if case.get("long_rx_flag") else _("no")),
        (_("Written reason"), case.get("ext_reason") or NONE),
        (_("Directions as written"), case.get("usage_text") or NONE),
        (_("Total"), yuan(case["total_amt"], language)),
        (_("Fund at stake"), yuan(case["fund_stake"], language)),
    ]


def findings(case: dict[str, Any], _: Words, language: str) -> list[dict[str, Any]]:
    """Findings with clause and evidence."""
    return [
        {
            "name": rule_name(entry["rule_name"], language),
            "definite": entry["result_type"] == "definite",
            "kind": _("definite") if entry["result_type"] == "definite" else _("suspected point"),
            "line": entry.get("line"),
            "codes": codes_text(" ".join(filter(None, [entry.get("item_codes"), entry.get("fund_codes")])), language),
            "evidence": entry["evidence_zh" if language == "zh" else "evidence_en"],
            "basis": entry["basis"],
            "amount": yuan(entry["vola_amt"], language),
        }
        for entry in case.get("after_blind", {}).get("findings", [])
    ]


def reasons(case: dict[str, Any], target: str, language: str) -> list[dict[str, Any]]:
    """Reasons of one target in the order of the run's reasons: sentence and contribution in log-odds."""
    rows = [entry for entry in case.get("after_blind", {}).get("reasons", []) if entry["target"] == target]
    words = "reason_zh" if language == "zh" else "reason_en"
    return [
        {"reason": entry[words], "contribution": float(entry["contribution"]), "other": entry["feature"] == "other"}
        for entry in rows
    ]


def scores(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Scores of a case, with where their labels came from."""
    return list(case.get("after_blind", {}).get("scores", []))


def is_weak(label_source: str) -> bool:
    """Whether a score was learned from rule findings alone."""
    return "weak" in label_source


def peers(case: dict[str, Any], language: str) -> list[dict[str, Any]]:
    """Prescriber and institution among their peers: words, value, the peers' middle half, how many they are."""
    rows = []
    for entry in case.get("after_blind", {}).get("peers", []):
        zh, en, unit = words_of(entry["grain"], entry["feature"])
        numbers = {name: float(entry[name]) for name in ("value", "q25", "q50", "q75")}
        shown = {name: look.measure(value, unit, language) for name, value in numbers.items()}
        rows.append({"grain": entry["grain"], "name": told((zh, en), language), "peers": int(entry["peers"]),
                     "numbers": numbers, "shown": shown})  # fmt: skip
    return rows


def similar(opened: dict[str, Any], language: str) -> list[dict[str, Any]]:
    """Decided cases like this one: number, state, class, codes."""
    return [
        {
            "case_id": row["case_id"],
            "state": told(states()[row["state"]], language),
            "class": class_text(row["verdict_class"], language),
            "codes": "；".join(codes_text(f"{row['item_codes']} {row['fund_codes']}", language)) or NONE,
        }
        for row in opened.get("similar", [])
    ]


def verdict(entry: dict[str, Any], language: str) -> dict[str, str]:
    """A verdict's row as it is shown to whoever may see it: whose, which stage, class, codes, amount, words."""
    return {
        "line": str(entry.get("feedetl_sn") or ""),
        "class": class_text(entry["verdict_class"], language),
        "codes": "；".join(codes_text(entry["item_codes"], language)) or NONE,
        "funds": "；".join(codes_text(entry["fund_codes"], language)) or NONE,
        "loss": yuan(entry["loss_amt"], language),
        "severity": severity_text(entry.get("severity"), language),
        "comment": entry["comment"] or entry.get("reason") or NONE,
    }


def severity_text(severity: str | None, language: str) -> str:
    """A severity in words; a dash for none."""
    from panel.verdict_input import SEVERITIES

    return told(SEVERITIES.get(str(severity)), language, NONE)
