"""Cases out and verdicts in, for panels that work on paper or in another system."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from panel import audit, probes
from panel.assignment import places_of, ties_of
from panel.record import add_verdicts
from panel.schema import case, expert, quarter, verdict
from panel.store import Store
from panel.verdict_input import VerdictInput, check
from panel.waiting import assign_waiting, rules_in, seen_by
from records.errors import DataFault, NotFound, WrongUse

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("blind", "final", "adjudication")
PROFESSIONS = ("insurance", "medicine", "pharmacy")
_TOO_LATE = "The institution is notified of this case: a changed result needs an appeal and a re-review."
_NEEDED = ("rxno", "expert_id", "verdict_class")


@dataclass
class ImportReport:
    """Rows read, rows new in the store, rows there already, and rejected rows with their reason."""

    read: int = 0
    added: int = 0
    known: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)


def read_table(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """A CSV or Parquet file as text, missing values empty. Raises NotFound, or DataFault for an unfit file."""
    import pandas as pd

    if not path.is_file():
        raise NotFound(f"There is no file {path}.")
    try:
        if path.suffix == ".parquet":
            raw = pd.read_parquet(path)
            frame = raw.astype(object).where(raw.notna(), "").map(str)
        else:
            frame = _read_csv(path)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise DataFault(f"{path.name} cannot be read: send CSV in UTF-8 or GB18030, or Parquet.") from error
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataFault(f"{path.name} lacks the column {', '.join(missing)}: add it.")
    return frame.map(str.strip)


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="gb18030")


def list_name(quarter: str, rxno: str) -> str:
    """A case's name in a blind list: it tells no number, hence no gap where a case that comes again stands."""
    return f"{quarter}:{rxno}"


def import_verdicts(store: Store, path: Path, actor: str) -> ImportReport:
    """Read verdict rows into the store; importing a file again changes nothing, and row order means nothing.

    A case_id is the case's own or its name in a blind list (``list_name``).
    Unknown experts become external ones, without sign-in. An expert of the pool who is tied to a case, gave it back or
    had it handed on to another is refused, as the service would; who of the others judges on paper is the panel's own
    affair. A row that cannot be taken is rejected with its
    reason and number (the header is row 1). All accepted rows enter in one transaction.
    """
    frame = read_table(path, _NEEDED)
    report = ImportReport(read=len(frame))
    with store.change() as connection:
        by_rxno: dict[str, list[Any]] = {}
        by_id: dict[str, Any] = {}
        columns = (case.c.case_id, case.c.quarter, case.c.rxno, case.c.payload, case.c.state)
        for known in connection.execute(select(*columns).where(case.c.kind.is_(None))):
            by_rxno.setdefault(known.rxno, []).append(known)
            by_id[known.case_id] = by_id[list_name(known.quarter, known.rxno)] = known
        taken: list[dict[str, Any]] = []
        line: dict[str, int] = {}
        for number, entry in enumerate(frame.to_dict("records"), start=2):
            try:
                taken.append(_verdict_row({str(k): str(v) for k, v in entry.items()}, by_rxno, by_id))
                line.setdefault(taken[-1]["submission_id"], number)
            except WrongUse as problem:
                report.rejected.append((number, str(entry["rxno"]), str(problem)))
        conflicts = _contradictions(connection, taken)
        for row in conflicts:
            why = f"Expert {row['expert_id']} gave another verdict at stage {row['stage']} already: use a later stage."
            report.rejected.append((line[row["submission_id"]], row["rxno"], why))
        taken = [row for row in taken if row not in conflicts]
        refused = _not_taken(connection, taken, by_id)
        report.rejected += [(line[row["submission_id"]], row["rxno"], why) for row, why in refused]
        out = {row["submission_id"] for row, _ in refused}
        taken = [row for row in taken if row["submission_id"] not in out]
        _external_experts(connection, sorted({entry["expert_id"] for entry in taken}), actor)
        report.added = add_verdicts(connection, actor, "verdicts imported", sorted(taken, key=lambda r: r["submission_id"]))
    report.known = len(taken) - report.added
    return report


def _verdict_row(entry: dict[str, str], by_rxno: dict[str, list[Any]], by_id: dict[str, Any]) -> dict[str, Any]:
    found = by_id.get(entry.get("case_id", "")) if entry.get("case_id") else None
    if entry.get("case_id") and (found is None or found.rxno != entry["rxno"]):
        raise WrongUse(f"There is no case {entry['case_id']} of prescription {entry['rxno']}.")
    if found is None:
        candidates = by_rxno.get(entry["rxno"], [])
        if len(candidates) != 1:
            raise WrongUse(f"Prescription {entry['rxno']} has no case here." if not candidates else
                           f"Prescription {entry['rxno']} has several cases: name case_id.")  # fmt: skip
        found = candidates[0]
    if not entry["expert_id"]:
        raise WrongUse("A verdict needs its expert_id.")
    stage = entry.get("stage") or "blind"
    if stage not in STAGES:
        raise WrongUse(f"'{stage}' is no stage: use {', '.join(STAGES)}.")
    payload = json.loads(found.payload)
    line = entry.get("feedetl_sn", "")
    if line and line not in {item["feedetl_sn"] for item in payload["lines"]}:
        raise WrongUse(f"Prescription {entry['rxno']} has no fee line {line}.")
    text = entry["verdict_class"].removesuffix(".0").upper()
    given = check(
        VerdictInput(
            verdict_class=text,
            item_codes=tuple(sorted(set(entry.get("item_codes", "").replace(",", " ").split()))),
            fund_codes=tuple(sorted(set(entry.get("fund_codes", "").replace(",", " ").split()))),
            loss_amt=entry.get("loss_amt") or None,
            record_seen=entry.get("record_seen", "") not in ("", "0", "0.0", "False", "false"),
            comment=entry.get("comment", ""),
        ),
        Decimal(payload["total_amt"]),
    )
    return stored_row(found, entry["expert_id"], (line, stage), given, entry.get("given_time", ""))


def stored_row(found: Any, expert_id: str, place: tuple[str, str], given: VerdictInput, given_time: str) -> dict[str, Any]:
    """A verdict as the store keeps it; its submission number comes from its content, so twice is once."""
    line, stage = place
    row: dict[str, Any] = {
        "case_id": found.case_id,
        "rxno": found.rxno,
        "expert_id": expert_id,
        "feedetl_sn": line,
        "stage": stage,
        "version": 1,
        "verdict_class": given.verdict_class,
        "item_codes": " ".join(given.item_codes),
        "fund_codes": " ".join(given.fund_codes),
        "loss_amt": given.loss_amt,
        "record_seen": "1" if given.record_seen else "0",
        "comment": given.comment,
        "given_time": given_time.replace("T", " ")[:19],
    }
    row["submission_id"] = hashlib.sha256(audit.canonical(row).encode()).hexdigest()
    return row


def _contradictions(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that say otherwise than one of the same expert, object and stage in the store or earlier in the file."""
    place = ("case_id", "expert_id", "feedetl_sn", "stage")
    known: dict[tuple[str, ...], str] = {}
    for row in connection.execute(select(verdict).where(verdict.c.stage.in_(STAGES))):
        known[tuple(getattr(row, name) for name in place)] = row.submission_id
    found = []
    for given in sorted(rows, key=lambda entry: str(entry["submission_id"])):
        key = tuple(given[name] for name in place)
        if known.setdefault(key, given["submission_id"]) != given["submission_id"]:
            found.append(given)
    return found


def _not_taken(connection: Connection, rows: list[dict[str, Any]], by_id: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """New rows that are refused, with the reason: of notified cases, which change by an appeal only, and of experts who
    may not judge the case. What is in the store already stays.
    """
    there = {row.submission_id for row in connection.execute(select(verdict.c.submission_id))}
    new = [row for row in rows if row["submission_id"] not in there]
    ties = {who.expert_id: ties_of(who) for who in connection.execute(select(expert).where(expert.c.external.is_(False)))}
    seen = seen_by(connection, sorted({row["case_id"] for row in new}))
    states = {(row.case_id, row.expert_id): row.state for entries in seen.values() for row in entries}
    rules = {name: rules_in(connection, name) for name in sorted({by_id[row["case_id"]].quarter for row in new})}
    found = []
    for row in new:
        known, who = by_id[row["case_id"]], row["expert_id"]
        state = states.get((row["case_id"], who))
        if known.state in ("notified", "appealed", "re_reviewed", "closed"):
            found.append((row, _TOO_LATE))
        elif ties.get(who, frozenset()) & places_of(json.loads(known.payload), rules[known.quarter]):
            found.append((row, f"专家{who}须回避 Expert {who} is tied to this case and must recuse: let another judge it."))
        elif state == "recused":
            found.append((row, f"专家{who}已回避 Expert {who} gave this case back: let another judge it."))
        elif state in ("absent", "reassigned") and row["stage"] != "adjudication":
            found.append((row, f"病例已改派 This case was handed on from expert {who} to another: reassign it first."))
    return found


def _external_experts(connection: Connection, names: list[str], actor: str) -> None:
    stored = {row.expert_id for row in connection.execute(select(expert.c.expert_id))}
    new = [
        {"expert_id": name, "name": name, "profession": "external", "former_institutions": "", "conflicts": "",
         "external": True} for name in names if name not in stored
    ]  # fmt: skip
    if new:
        connection.execute(insert(expert), new)
        audit.record_rows(connection, actor, "external experts", f"{len(new)} experts", {"expert": new})


def import_experts(store: Store, path: Path, actor: str) -> ImportReport:
    """Bring experts into the pool and assign waiting cases. Raises DataFault for a file that names no experts.

    Grain: one row an expert; a known number is replaced. Capacity = cases a quarter, empty = no limit.
    """
    frame = read_table(path, ("expert_id", "name", "profession"))
    report, rows = ImportReport(read=len(frame)), []
    for number, entry in enumerate(frame.to_dict("records"), start=2):
        try:
            rows.append(_expert_row({str(k): str(v) for k, v in entry.items()}))
        except WrongUse as problem:
            report.rejected.append((number, str(entry["expert_id"]), str(problem)))
    with store.change() as connection:
        for row in rows:
            known = connection.execute(select(expert.c.expert_id).where(expert.c.expert_id == row["expert_id"])).first()
            if known:
                connection.execute(update(expert).where(expert.c.expert_id == row["expert_id"]).values(**row))
            else:
                connection.execute(insert(expert).values(**row))
        audit.record_rows(connection, actor, "experts imported", f"{len(rows)} experts", {"expert": rows})
        report.added = len(rows)
        for (name,) in connection.execute(select(quarter.c.quarter)).all():
            assign_waiting(connection, name)
            probes.hand_out(connection, name)
    return report


def _expert_row(entry: dict[str, str]) -> dict[str, Any]:
    if not entry["expert_id"]:
        raise WrongUse("An expert needs an expert_id.")
    if entry["profession"] not in PROFESSIONS:
        raise WrongUse(f"'{entry['profession']}' is no profession: use {', '.join(PROFESSIONS)}.")
    capacity = entry.get("capacity", "").removesuffix(".0")
    if capacity and not capacity.isdigit():
        raise WrongUse(f"'{capacity}' is no capacity: use a whole number of cases.")
    listed = {name: " ".join(entry.get(name, "").replace(",", " ").replace(";", " ").split())
              for name in ("former_institutions", "conflicts")}  # fmt: skip
    return {
        "expert_id": entry["expert_id"],
        "name": entry["name"] or entry["expert_id"],
        "profession": entry["profession"],
        "specialty": entry.get("specialty") or None,
        "title": entry.get("title") or None,
        "institution": entry.get("institution") or None,
        "capacity": int(capacity) if capacity else None,
        "external": False,
        **listed,
    }
