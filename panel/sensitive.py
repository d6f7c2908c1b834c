"""Sensitive diagnoses: masked unless they bear on the case's drugs. The table is ``sensitive.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

MASKED = {"diag_code": "＊＊＊", "diag_name": "敏感诊断，已隐去 sensitive diagnosis, masked"}


@cache
def groups() -> dict[str, dict[str, Any]]:
    """Groups with their words, ICD-10 prefixes and the ATC prefixes of drugs they bear on."""
    return tomllib.loads((Path(__file__).parent / "sensitive.toml").read_text(encoding="utf-8"))


@cache
def groups_of(code: str) -> tuple[str, ...]:
    """Groups an ICD-10 code belongs to; none for most."""
    return tuple(name for name, entry in groups().items() if code.upper().startswith(tuple(entry["icd"])))


def bears(code: str, drugs: Iterable[str | None]) -> bool:
    """Whether a sensitive diagnosis bears on one of the drugs, given by ATC code; a drug without one bears on nothing."""
    prefixes = tuple(prefix for name in groups_of(code) for prefix in groups()[name]["atc"])
    return any(drug and drug.upper().startswith(prefixes) for drug in drugs)


def masked(case: dict[str, Any]) -> dict[str, Any]:
    """The diagnoses and chronic registrations of a case as they may be shown: ``diagnoses`` and ``chronic``.

    A masked diagnosis keeps its kind and place, loses code and name, and says ``masked``.
    """
    drugs = [line.get("atc_code") for line in case.get("lines", [])]

    def hidden(code: object) -> bool:
        return bool(groups_of(str(code or ""))) and not bears(str(code or ""), drugs)

    return {
        "diagnoses": [
            {**entry, **MASKED, "masked": True} if hidden(entry.get("diag_code")) else entry for entry in case["diagnoses"]
        ],
        "chronic": [MASKED["diag_code"] if hidden(code) else code for code in case.get("person", {}).get("chronic", [])],
    }
