"""Specialties: of a department, of a case, of an expert. The table is ``specialties.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

CHILD_DAYS = 14 * 365
_CHINESE_KINDS = ("12", "13")


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "specialties.toml").read_text(encoding="utf-8"))


@cache
def named_in(text: str) -> tuple[str, ...]:
    """Specialties that a department's or an expert's words name, in the order of the table."""
    low = text.lower()
    return tuple(name for name, entry in _table().items() if any(word in low for word in entry["words"]))


def shown(department: str | None) -> str | None:
    """What is shown in the place of a department's name: its specialty's words; None when it tells none."""
    found = named_in(department or "")
    return None if not found else " ".join(_table()[found[0]]["name"])


@cache
def of_diagnosis(code: str) -> tuple[str, ...]:
    """Specialties that an ICD-10 code belongs to."""
    return tuple(name for name, entry in _table().items() if code.startswith(tuple(entry["icd"])))


def of_case(payload: dict[str, Any]) -> frozenset[str]:
    """Specialties that fit a case: of its department, its main diagnosis, the person's age, its drugs."""
    found = set(named_in(str(payload.get("dept_name") or "")))
    diagnoses = payload.get("diagnoses") or []
    main = [entry for entry in diagnoses if entry.get("maindiag_flag")] or diagnoses[:1]
    for entry in main:
        found.update(of_diagnosis(str(entry.get("diag_code") or "").upper()))
    days = payload.get("person", {}).get("age_days")
    if days is not None and days < CHILD_DAYS:
        found.add("children")
    if any(line.get("drug_kind") in _CHINESE_KINDS for line in payload.get("lines", [])):
        found.add("tcm")
    return frozenset(found)
