"""What somebody may see of a case. A pure function: in the independent phase you see only your own work."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from panel import sensitive, specialties
from records.masking import mask_code, mask_name

#: Identifiers that would tell who it is, or lead there.
_HIDDEN = ("rxno", "mdtrt_id", "dept_name")
_LINE_HIDDEN = ("feedetl_sn",)
#: What a finding carries for the program, and nobody needs on a screen.
_FINDING_HIDDEN = ("rxno", "setl_id", "psn_no", "fixmedins_code", "dr_codg", "subject_code", "feedetl_sn", "mdtrt_id")
#: Names by which a department's, an institution's or a prescriber's name could come in.
_SEALED_TEXTS = ("fixmedins_name", "dr_name")
#: What somebody wrote freely.
_FREE_TEXTS = ("ext_reason", "usage_text")
_STANDS_FOR = "＊＊＊"


def visible(payload: dict[str, Any], *, after_own_verdict: bool, names: bool, diagnoses: bool = False) -> dict[str, Any]:
    """The payload as it may be shown.

    Before the viewer's own verdict: no findings, scores or reasons, no names or numbers of institution, department or
    prescriber (level and specialty only, also where free text names them), no prescription number. ``names`` = the
    role needs them; ``diagnoses`` = sensitive diagnoses are shown (opened with a reason), else they are masked unless
    they bear on the case's drugs, in evidence and free text too. The arm of the sample is in no payload.
    """
    shown = {key: value for key, value in payload.items() if key not in ("sealed", "after_blind", *_HIDDEN)}
    shown["specialty"] = specialties.shown(payload.get("dept_name"))
    shown["lines"] = [
        {**{key: value for key, value in line.items() if key not in _LINE_HIDDEN}, "line": line["line"]}
        for line in payload["lines"]
    ]
    if not diagnoses:
        seen = sensitive.masked(payload)
        shown["diagnoses"] = seen["diagnoses"]
        shown["person"] = {**payload["person"], "chronic": seen["chronic"]}
        shown |= {key: sensitive.without_masked(payload, shown[key]) for key in _FREE_TEXTS if shown.get(key)}
    if after_own_verdict:
        opened = _opened(payload)
        shown["after_blind"] = opened if diagnoses else sensitive.without_masked(payload, opened)
    sealed = payload.get("sealed", {})
    if names:
        shown["rxno"], shown["dept_name"] = payload["rxno"], payload.get("dept_name")
        shown["sealed"] = {
            **sealed,
            "psn_no": mask_code(sealed.get("psn_no"), 4),
            "dr_name": mask_name(sealed.get("dr_name")),
        }
        return shown
    for key in _FREE_TEXTS:
        if shown.get(key):
            shown[key] = _without(str(shown[key]), [sealed.get(name) for name in _SEALED_TEXTS] + [payload.get("dept_name")])
    return shown


def _opened(payload: dict[str, Any]) -> dict[str, Any]:
    """Findings, scores and reasons, without the numbers of persons, places and prescribers; a finding's line by its number."""
    opened = dict(payload.get("after_blind", {}))
    lines = {line.get("feedetl_sn"): line["line"] for line in payload["lines"] if line.get("feedetl_sn")}
    found = []
    for entry in opened.get("findings", []):
        kept = {key: value for key, value in entry.items() if key not in _FINDING_HIDDEN}
        if isinstance(kept.get("evidence"), dict):
            kept["evidence"] = {key: value for key, value in kept["evidence"].items() if key not in _FINDING_HIDDEN}
        if entry.get("feedetl_sn") in lines:
            kept["line"] = lines[entry["feedetl_sn"]]
        found.append(kept)
    return {**opened, "findings": found}


def proposed(payload: dict[str, Any]) -> dict[int, Decimal]:
    """Amounts in yuan that rules propose by line: of several findings on a line the largest."""
    lines = {line.get("feedetl_sn"): line["line"] for line in payload["lines"] if line.get("feedetl_sn")}
    amounts: dict[int, Decimal] = {}
    for entry in payload.get("after_blind", {}).get("findings", []):
        line, amount = lines.get(entry.get("feedetl_sn")), entry.get("vola_amt")
        if line is not None and amount not in (None, "") and Decimal(str(amount)) > 0:
            amounts[line] = max(amounts.get(line, Decimal(0)), Decimal(str(amount)).quantize(Decimal("0.01")))
    return amounts


def _without(text: str, names: list[Any]) -> str:
    for name in names:
        if name and len(str(name)) > 1:
            text = text.replace(str(name), _STANDS_FOR)
    return text
