"""From a case to what is shown. Pure functions: payload in, plain rows out; no Streamlit, no store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from records.contract import load_contract
from review_app.look import NONE, moment, quantity, yuan

Words = Callable[[str], str]


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
        (_("Time"), moment(case["prsc_time"])),
        (_("Setting"), code_word("prescription", "setting", case["setting"], language)),
        (_("Institution level"), code_word("institution", "hosp_lv", case["hosp_lv"], language)),
        (_("Department"), case.get("dept_name") or case.get("specialty") or NONE),
        (_("Sex"), code_word("person", "gend", person["gend"], language)),
        (_("Age"), age_text(person, _)),
        (_("Weight"), quantity(person.get("psn_wt"), "kg")),
        (_("Insurance"), code_word("person", "insutype", person.get("insutype"), language)),
        (_("Chronic registration"), " ".join(person.get("chronic", [])) or NONE),
        (_("Condition"), "、".join(flags) or NONE),
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


def lines(case: dict[str, Any], _: Words, language: str) -> list[dict[str, str]]:
    """The prescribed lines as rows of a table, the label's maximum beside what was written."""
    rows = []
    for line in case["lines"]:
        dose, most = daily_dose(line), line.get("max_daily_dose")
        over = dose is not None and most is not None and round(dose, 2) > Decimal(most)
        written = quantity(None if dose is None else round(dose, 2), line.get("strength_unit"))
        rows.append(
            {
                _("No."): str(line["line"]),
                _("Drug"): line["drug_genname"] or line["med_list_codg"],
                _("Directions"): directions(line, language),
                _("Daily dose"): f"▲ {written}" if over else written,
                _("Label maximum"): quantity(most, line.get("strength_unit")),
                _("Days"): quantity(line["prd_days"]),
                _("Quantity"): quantity(line["cnt"]),
                _("Strength"): quantity(line["strength"], line["strength_unit"]),
                _("Payment restriction"): line.get("lmt_text") or NONE,
                _("Amount"): yuan(line["net_amt"]),
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


def foot(case: dict[str, Any], _: Words) -> list[tuple[str, str]]:
    """The foot of the prescription."""
    return [
        (_("Pharmacist's check"), _("recorded") if case["pharmacist_reviewed"] else _("not recorded")),
        (_("Written reason"), case.get("ext_reason") or NONE),
        (_("Directions as written"), case.get("usage_text") or NONE),
        (_("Long-term prescription"), _("yes") if case.get("long_rx_flag") else _("no")),
        (_("Total"), yuan(case["total_amt"])),
        (_("Fund at stake"), yuan(case["fund_stake"])),
    ]


def supplies(case: dict[str, Any], _: Words) -> list[dict[str, Any]]:
    """The person's supplies as bars: drug, first day, day after the last; at least one day wide."""
    bars = []
    for event in case["timeline"]:
        first = date.fromisoformat(event["day"])
        length = max(1, round(event["days"] or 1))
        bars.append(
            {
                "drug": event["drug"] or NONE,
                "begin": first.isoformat(),
                "end": (first + timedelta(days=length)).isoformat(),
                "days": event["days"],
                "which": _("this prescription") if event["this"] else _("earlier"),
                "amt": yuan(event["amt"]),
            }
        )
    return bars


def findings(case: dict[str, Any], language: str) -> list[dict[str, str]]:
    """Findings with clause and evidence."""
    return [
        {
            "name": entry["rule_name"],
            "kind": entry["result_type"],
            "codes": " ".join(filter(None, [entry.get("item_codes"), entry.get("fund_codes")])),
            "evidence": entry["evidence_zh" if language == "zh" else "evidence_en"],
            "basis": entry["basis"],
            "amount": yuan(entry["vola_amt"]),
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
