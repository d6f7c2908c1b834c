"""Codes, workflow and permissions, read once from their data files."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from records.errors import WrongUse

_HERE = Path(__file__).parent


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))


def item_codes() -> dict[str, tuple[str, str]]:
    """Review item codes with their Chinese and English words, in their order."""
    return {code: (words[0], words[1]) for code, words in _read("codes")["item"].items()}


def fund_codes() -> dict[str, tuple[str, str]]:
    """Fund-use violation codes with their Chinese and English words, in their order."""
    return {code: (words[0], words[1]) for code, words in _read("codes")["fund"].items()}


def states() -> dict[str, tuple[str, str]]:
    """States of a case with their words."""
    return {name: (words[0], words[1]) for name, words in _read("workflow")["states"].items()}


@cache
def transitions() -> dict[tuple[str, str], str]:
    """Allowed transitions: (from, to) with the owner."""
    return {(entry["from"], entry["to"]): entry["owner"] for entry in _read("workflow")["transition"]}


def check_transition(before: str, after: str) -> None:
    """Raise WrongUse when a case may not go from one state to the other."""
    if before != after and (before, after) not in transitions():
        raise WrongUse(f"A case that is {states()[before][1]} cannot become {states()[after][1]}.")


def roles() -> dict[str, tuple[str, str]]:
    """Roles with their words."""
    return {name: (words[0], words[1]) for name, words in _read("permissions")["roles"].items()}


@cache
def permissions() -> dict[str, frozenset[str]]:
    """Roles that may do each thing."""
    return {name: frozenset(who) for name, who in _read("permissions")["may"].items()}


def class_of(codes: list[str]) -> int:
    """The class that item codes make: the worst of them; 0 without any."""
    return max((int(code[0]) for code in codes), default=0)
