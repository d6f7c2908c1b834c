"""Sensitive diagnoses: masked unless they bear on the case's drugs. The table is ``sensitive.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

MASKED = {"diag_code": "＊＊＊", "diag_name": "敏感诊断，已隐去 sensitive diagnosis, masked"}


@cache
def groups() -> dict[str, dict[str, Any]]:
    """Groups with their words, source, ICD-10 prefixes and the ATC prefixes of drugs they bear on."""
    return tomllib.loads((Path(__file__).parent / "sensitive.toml").read_text(encoding="utf-8"))


@cache
def groups_of(code: str) -> tuple[str, ...]:
    """Groups an ICD-10 code belongs to; none for most."""
    return tuple(name for name, entry in groups().items() if code.upper().startswith(tuple(entry["icd"])))


def bears(code: str, drugs: Iterable[str | None]) -> bool:
    """Whether a sensitive diagnosis bears on one of the drugs, given by ATC code; a drug without one bears on nothing."""
    prefixes = tuple(prefix for name in groups_of(code) for prefix in groups()[name]["atc"])
    return any(drug and drug.upper().startswith(prefixes) for drug in drugs)


def hidden(case: dict[str, Any], code: object) -> bool:
    """Whether a diagnosis of a case is masked: sensitive, and without bearing on any of its drugs."""
    drugs = [line.get("atc_code") for line in case.get("lines", [])]
    return bool(groups_of(str(code or ""))) and not bears(str(code or ""), drugs)


def masked(case: dict[str, Any]) -> dict[str, Any]:
    """The diagnoses and chronic registrations of a case as they may be shown: ``diagnoses`` and ``chronic``.

    A masked diagnosis keeps its kind and place, loses code and name, and says ``masked``.
    """
    return {
        "diagnoses": [
            {**entry, **MASKED, "masked": True} if hidden(case, entry.get("diag_code")) else entry
            for entry in case["diagnoses"]
        ],
        "chronic": [MASKED["diag_code"] if hidden(case, code) else code for code in case.get("person", {}).get("chronic", [])],
    }


def without_masked(case: dict[str, Any], content: Any) -> Any:
    """``content`` with every masked diagnosis' code and name replaced in all its texts, at any depth; keys stay.

    A code stands for itself only where no letter or digit touches it and no ``-3`` follows: numbers of lines, and codes
    of items and fund use (``F40-3``), stay whole.
    """
    entries = [entry for entry in case["diagnoses"] if hidden(case, entry.get("diag_code"))]
    codes = {str(entry["diag_code"]) for entry in entries}
    codes |= {str(code) for code in case.get("person", {}).get("chronic", []) if hidden(case, code)}
    names = {str(entry["diag_name"]) for entry in entries if len(str(entry.get("diag_name") or "")) > 1}
    words = [re.escape(name) for name in sorted(names, key=len, reverse=True)]
    words += [rf"(?<![0-9A-Za-z]){re.escape(code)}(?![0-9A-Za-z]|-[0-9])" for code in sorted(codes, key=len, reverse=True)]
    return _replaced(re.compile("|".join(words), re.IGNORECASE), content) if words else content


def _replaced(pattern: re.Pattern[str], content: Any) -> Any:
    if isinstance(content, str):
        return pattern.sub(MASKED["diag_code"], content)
    if isinstance(content, dict):
        return {key: _replaced(pattern, value) for key, value in content.items()}
    return [_replaced(pattern, value) for value in content] if isinstance(content, list) else content
