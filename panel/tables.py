"""Codes, workflow and permissions, read once from their data files."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from records.errors import NotPermitted, WrongUse

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


@dataclass(frozen=True)
class Transition:
    """An allowed transition: who may cause it, and what they do, in Chinese and English."""

    by: tuple[str, ...]
    step: tuple[str, str]


def states(of: str = "case") -> dict[str, tuple[str, str]]:
    """States of a case or a lead with their words."""
    return {name: (words[0], words[1]) for name, words in _read("workflow")[of]["states"].items()}


@cache
def takes_verdicts() -> frozenset[str]:
    """States of a case in which an expert may give a verdict or change it."""
    return frozenset(_read("workflow")["case"]["verdicts_in"])


@cache
def transitions(of: str = "case") -> dict[tuple[str, str], Transition]:
    """Allowed transitions of a case or a lead, by (from, to)."""
    return {
        (entry["from"], entry["to"]): Transition(tuple(entry["by"]), (entry["step"][0], entry["step"][1]))
        for entry in _read("workflow")[of]["transition"]
    }


def check_transition(before: str, after: str, roles_of: Collection[str], of: str = "case") -> None:
    """Raise WrongUse when a case or lead may not go from one state to the other, NotPermitted when others may cause it.

    Staying in a state is no transition, and no step may set out for the state that is there.
    """
    zh, en = states(of)[before]
    to_zh, to_en = states(of)[after]
    found = transitions(of).get((before, after))
    if found is None:
        raise WrongUse(f"“{zh}”不能变为“{to_zh}” A {of} that is '{en}' cannot become '{to_en}'.")
    if not set(found.by) & set(roles_of):
        raise NotPermitted(f"您的角色不能将“{zh}”变为“{to_zh}” Your role may not make a {of} '{to_en}'.")


def roles() -> dict[str, tuple[str, str]]:
    """Roles with their words."""
    return {name: (words[0], words[1]) for name, words in _read("permissions")["roles"].items()}


def check_apart(given: Collection[str]) -> None:
    """Raise WrongUse where one account would have roles that nobody may have together."""
    for role, others in _read("permissions")["apart"].items():
        beside = [name for name in others if name in given]
        if role in given and beside:
            (zh, en), (other_zh, other_en) = roles()[role], roles()[beside[0]]
            raise WrongUse(
                f"“{zh}”与“{other_zh}”须为不同账号 One account cannot be {en} and {other_en}: who sees cases in full "
                "would not judge them blind. Give one of the roles to another account, of another person."
            )


def overseeing() -> frozenset[str]:
    """Roles that see cases in full, and whose holders therefore judge none blind."""
    return frozenset(_read("permissions")["apart"]["expert"])


@cache
def permissions() -> dict[str, frozenset[str]]:
    """Roles that may do each thing."""
    return {name: frozenset(who) for name, who in _read("permissions")["may"].items()}


def class_of(codes: list[str]) -> int:
    """The class that item codes make: the worst of them; 0 without any."""
    return max((int(code[0]) for code in codes), default=0)
