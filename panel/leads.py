"""Leads: suspected subjects, never an established fact until the competent authority says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, select

from panel import audit
from panel.exports import marked, record_export
from panel.outcomes import import_outcomes, investigations, outcomes
from panel.probes import chance
from panel.schema_leads import lead
from panel.store import Store
from panel.tables import states
from panel.waiting import today
from panel.working_days import after, calendar_of
from records.errors import NotFound
from records.masking import mask_code
from records.output import write_csv

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["import_outcomes", "investigations", "outcomes"]

#: Working days for checking a lead, and for one extension. Source: procedure of administrative penalties, NHSA order 4.
CHECK_DAYS, EXTENSION_DAYS = 15, 15
SUBJECTS = ("person", "practitioner", "institution", "pharmacy", "group")
#: Where a lead comes from.
ORIGINS = {
    "model": ("模型提示", "pointed at by a model"),
    "rule": ("规则提示", "pointed at by a rule"),
    "clue": ("举报或移送", "reported or handed over"),
    "check": ("随机抽查", "random check"),
}

#: Said beside a model's pointer where its test did not show it to be better than a single column.
UNPROVEN = "该模型未证实优于单一指标，仅供参考 this model was not shown to be better than a single figure"


def open_leads(store: Store, quarter: str, flagged: pd.DataFrame) -> int:
    """Open a lead for every subject: columns subject_type, subject_code, source (JSON text), and where known origin
    (model when absent) and incl_prob (of a random check, fraction).

    A subject named twice has one lead; a lead that is open already keeps its state, and a quarter its random checks.
    Returns how many were new.
    """
    with store.change() as connection:
        return add_leads(connection, "system", quarter, flagged.to_dict("records"))


def add_leads(connection: Connection, actor: str, quarter: str, rows: list[Any]) -> int:
    """Open leads inside the caller's transaction; see ``open_leads``."""
    there = connection.execute(select(lead.c.subject_type, lead.c.subject_code, lead.c.origin).where(lead.c.quarter == quarter))
    known: set[tuple[str, str]] = set()
    checked = False
    for row in there:
        known.add((row.subject_type, row.subject_code))
        checked = checked or row.origin == "check"
    count = connection.execute(select(func.count()).select_from(lead).where(lead.c.quarter == quarter)).scalar_one()
    subjects: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if not (checked and row.get("origin") == "check"):
            subjects.setdefault((str(row["subject_type"]), str(row["subject_code"])), []).append(row)
    day = today()
    due = after(day, CHECK_DAYS, calendar_of(connection))
    new: list[dict[str, Any]] = []
    for (kind, code), named in sorted(subjects.items()):
        # Older quarters have leads of pharmacies among those of institutions.
        if (kind, code) in known or (kind == "pharmacy" and ("institution", code) in known):
            continue
        origins = sorted({str(row.get("origin") or "model") for row in named}, key=list(ORIGINS).index)
        probability = named[0].get("incl_prob") if origins == ["check"] else None
        new.append(
            {
                "lead_id": f"{quarter}-L{count + len(new) + 1:05d}",
                "quarter": quarter,
                "subject_type": kind,
                "subject_code": code,
                "state": "opened",
                "source": _source(named),
                "origin": " ".join(origins),
                "opened_on": day,
                "due_date": due,
                "incl_prob": None if probability is None or probability != probability else float(probability),
            }
        )
    if new:
        connection.execute(insert(lead), new)
        audit.record_rows(connection, actor, "leads opened", quarter, {"lead": new}, leads=len(new))
    return len(new)


def _source(named: list[dict[str, Any]]) -> str:
    if len(named) == 1:
        return str(named[0]["source"])
    return audit.canonical([json.loads(row["source"]) for row in named])


def random_checks(subjects: pd.DataFrame, pointed: set[tuple[str, str]], sizes: dict[str, int], seed: str) -> pd.DataFrame:
    """A simple random sample of the subjects that nothing pointed at, by type: rows as ``open_leads`` takes them.

    ``subjects``: subject_type, subject_code. The n smallest permanent numbers of each type; incl_prob = n / subjects
    of the type that nothing pointed at.
    """
    import pandas as pd

    rows = []
    for kind, size in sorted(sizes.items()):
        codes = [code for code in subjects.loc[subjects["subject_type"] == kind, "subject_code"] if (kind, code) not in pointed]
        chosen = sorted(codes, key=lambda code: (chance(seed, f"check {kind}", str(code)), str(code)))[:size]
        rows += [(kind, code, json.dumps({}), "check", len(chosen) / len(codes)) for code in chosen]
    return pd.DataFrame(rows, columns=["subject_type", "subject_code", "source", "origin", "incl_prob"])


def pointer_text(origin: str | None, source: str) -> str:
    """What pointed at a subject, in words that establish nothing."""
    told = json.loads(source or "{}")
    parts = told if isinstance(told, list) else [told]
    words = ["；".join(f"{ORIGINS[name][0]} {ORIGINS[name][1]}" for name in (origin or "model").split())]
    for part in parts:
        if "rank" in part:
            words.append(f"排名{part['rank']} rank {part['rank']} ({part.get('model_version', '')})")
            words += [UNPROVEN] if part.get("unproven") else []
        words += [str(name) for name in part.get("rules", [])]
        if "clue_id" in part:
            words.append(f"线索 clue {part['clue_id']}")
    return "；".join(words)


def shown_subject(row: Any) -> str:
    """A lead's subject as lists show it: a person's number masked, other codes whole."""
    return mask_code(str(row.subject_code), 4) if row.subject_type == "person" else str(row.subject_code)


def list_leads(store: Store, quarter: str | None = None) -> pd.DataFrame:
    """Leads with their state. Grain: one row a lead, by number; ``pointer`` says what pointed at the subject."""
    import pandas as pd

    chosen = select(lead).order_by(lead.c.lead_id)
    if quarter is not None:
        chosen = chosen.where(lead.c.quarter == quarter)
    with store.read() as connection:
        rows = connection.execute(chosen).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in lead.columns])
    pointers = [pointer_text(row.origin, row.source) for row in rows]
    return frame.assign(pointer=pd.Series(pointers, index=frame.index, dtype="object")).drop(columns="source")


def write_leads(store: Store, quarter: str, path: Path, recipient: str, actor: str, *, why: str | None = None) -> int:
    """Write a quarter's leads as CSV, with the recipient's mark; returns the rows. Raises NotFound when there are none.

    Persons' numbers are masked unless ``why`` says for what they are needed; the log keeps it.
    """
    frame = list_leads(store, quarter)
    if frame.empty:
        raise NotFound(f"{quarter}没有线索 {quarter} has no leads.")
    words = states("lead")
    frame = frame.assign(state_text=[" ".join(words[state]) for state in frame["state"]])
    if why is None:
        frame = frame.assign(subject_code=[shown_subject(row) for row in frame.itertuples(index=False)])
    frame = marked(frame, recipient, quarter)
    write_csv(frame, path)
    record_export(store, "leads exported", quarter, path, recipient, actor, {"unmasked": why} if why else None)
    return len(frame)
