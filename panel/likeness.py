"""What a case is like: its main diagnosis, and the group of the drug that costs most. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def likeness_of(payload: dict[str, Any]) -> str | None:
    """What a case is found by: category of the main diagnosis (ICD-10, three characters) and ATC group (fourth level)
    of the line that costs most. None where either is missing. Told from the prescription alone, never from findings.
    """
    diagnoses = sorted(payload.get("diagnoses", []), key=lambda entry: not entry.get("maindiag_flag"))
    known = [line for line in payload.get("lines", []) if line.get("atc_code")]
    if not diagnoses or not diagnoses[0].get("diag_code") or not known:
        return None
    dearest = max(known, key=lambda line: (Decimal(str(line.get("net_amt") or 0)), -int(line["line"])))
    return f"{diagnoses[0]['diag_code'][:3]}|{dearest['atc_code'][:5]}"
