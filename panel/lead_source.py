"""What pointed at a lead's subject, as the lead keeps it: one entry a pointer, a report's number, a group's members."""

from __future__ import annotations

import json
from typing import Any


def parts_of(row: Any) -> list[dict[str, Any]]:
    """What pointed at a lead's subject, one entry a pointer."""
    told = json.loads(row.source or "{}")
    return told if isinstance(told, list) else [told]


def members_of(row: Any) -> list[str]:
    """The persons of a group, as what pointed at it names them."""
    return [str(code) for part in parts_of(row) for code in part.get("members", [])]


def clue_ids(row: Any) -> list[str]:
    """Numbers of the reports on a lead, as its pointer names them."""
    return [str(part["clue_id"]) for part in parts_of(row) if "clue_id" in part]


def subjects_of(row: Any) -> list[tuple[str, str]]:
    """Subjects of past_finding whose outcome a lead's is: a pharmacy's is an institution's, a group's that of each member."""
    if row.subject_type == "group":
        return [("person", code) for code in members_of(row)]
    return [("institution" if row.subject_type == "pharmacy" else row.subject_type, row.subject_code)]
