"""Words for what other rooms name by a short English code: stages, states, notes, actions, permissions. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from review_app.look import NONE
from review_app.presenters import Words, told

#: What an entry of the log is about, where it is no row but so many of a kind.
_SO_MANY = re.compile(r"(\d+) (experts|outcomes|cases|days|rows)")


@cache
def tables() -> dict[str, dict[str, tuple[str, str]]]:
    """Every table of words.toml: code to Chinese and English."""
    text = (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")
    return {table: {code: (pair[0], pair[1]) for code, pair in rows.items()} for table, rows in tomllib.loads(text).items()}


def word(table: str, code: str | None, language: str) -> str:
    """A code in words; the code itself where the table does not know it, a dash for none."""
    return told(tables()[table].get(str(code)), language, str(code)) if code not in (None, "") else NONE


def model(name: str, language: str) -> str:
    """A model's name (target@grain) in words, and as commands take it."""
    target, _, grain = name.partition("@")
    if target not in tables()["target"]:
        return name
    return f"{word('target', target, language)} · {word('grain', grain, language)} ({name})"


def giver(expert_id: str, language: str) -> str:
    """Whose verdict: an expert's or account's number as it stands, a meeting in words."""
    return word("stage", expert_id, language) if expert_id == "meeting" else expert_id


def entries(rows: Sequence[dict[str, Any]], _: Words, language: str) -> list[dict[str, str]]:
    """Entries of the log as rows: number, time to the second, and who, what and to what in words."""
    return [
        {
            "seq": str(row["seq"]),
            "at": row["at"][:19].replace("T", " "),
            "actor": word("actor", row["actor"], language),
            "action": word("action", row["action"], language),
            "subject": _subject(row, _, language),
            "hash": row["hash"][:12],
        }
        for row in rows
    ]


def _subject(row: dict[str, Any], _: Words, language: str) -> str:
    """What an entry is about: a permission that was refused, so many of a kind, or a number as it stands."""
    subject = str(row["subject"])
    if row["action"] == "refused":
        return word("permission", subject, language)
    so_many = _SO_MANY.fullmatch(subject)
    if so_many is None:
        fixed = {"store": _("the store"), "sessions": _("sessions"), "unknown": word("actor", "unknown", language)}
        return fixed.get(subject, model(subject, language))
    kinds = {
        "experts": _("{n} experts"), "outcomes": _("{n} outcomes"), "cases": _("{n} cases"), "days": _("{n} days"),
        "rows": _("{n} verdict rows"),
    }  # fmt: skip
    return kinds[so_many[2]].format(n=so_many[1])


def actions(language: str) -> dict[str, str]:
    """What the log can say was done: code to words, by their words."""
    return {code: word("action", code, language) for code in sorted(tables()["action"])}


def appeals(rows: Sequence[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """Appeals with their states in words and the time to the minute."""
    return [
        {**row, "state": word("appeal", row["state"], language), "received": str(row["received"])[:16].replace("T", " ")}
        for row in rows
    ]
