"""What points at subjects in a quarter: models, rules, clues; and the random checks of those that nothing points at."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.quarter import GRAINS
from records.errors import DataFault

if TYPE_CHECKING:
    import pandas as pd

    from panel.rules import PanelRules
    from pipelines.quarter import QuarterTables

#: Persons who settle together that make a group: two are as often a family. Each of two has a lead of their own.
LEAST_GROUP = 3
_KINDS = tuple(grain for grain in GRAINS if grain != "prescription")
_COLUMNS = ["subject_type", "subject_code", "source", "origin", "incl_prob"]
_CLUES = """
SELECT clue_id, subject_type, subject_code FROM clue
WHERE subject_type IN ('person', 'practitioner', 'institution') AND received_time >= $begin ORDER BY ALL"""

_PHARMACIES = "SELECT DISTINCT fixmedins_code FROM institution WHERE fixmedins_type = '2'"
_TOGETHER = """
SELECT psn_no, rule_name, fund_codes, json_extract_string(vola_evid, '$.persons') AS persons FROM findings
WHERE subject_type = 'person' AND json_extract_string(vola_evid, '$.persons') IS NOT NULL ORDER BY ALL"""


def pointed(
    tables: QuarterTables,
    scores: dict[str, pd.DataFrame],
    rules: PanelRules,
    seed: str,
    unproven: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Subjects that get a lead. Grain: one row a subject and pointer, as ``panel.leads.open_leads`` takes them.

    ``unproven``: versions of models whose test did not show them better than a single column; their leads say so.
    """
    import pandas as pd

    from panel.leads import random_checks

    rows = [*_by_models(scores, unproven), *_by_rules(tables), *_by_clues(tables), *_groups(tables)]
    known = {(kind, code) for kind, code, *_ in rows}
    sizes = {kind: int(getattr(rules, f"checks_{kind}")) for kind in _KINDS}
    checks = random_checks(_subjects(tables), known, sizes, seed)
    found = pd.DataFrame([(*row, float("nan")) for row in rows], columns=_COLUMNS)
    every = pd.concat([found, checks], ignore_index=True) if len(found) else checks
    # Drawn and pointed at as institutions, pharmacies are told apart: they are checked by others, and have no rate.
    pharmacies = {str(code) for (code,) in tables.con.execute(_PHARMACIES).fetchall()}
    is_one = (every["subject_type"] == "institution") & every["subject_code"].isin(pharmacies)
    return every.assign(subject_type=every["subject_type"].mask(is_one, "pharmacy"))


def _subjects(tables: QuarterTables) -> pd.DataFrame:
    parts = [
        f"SELECT '{kind}' AS subject_type, {GRAINS[kind]}::VARCHAR AS subject_code FROM features_{kind}" for kind in _KINDS
    ]
    frame: pd.DataFrame = tables.con.sql(" UNION ALL ".join(parts) + " ORDER BY ALL").df()
    return frame


def _by_models(scores: dict[str, pd.DataFrame], unproven: frozenset[str]) -> list[tuple[str, str, str, str]]:
    rows = []
    for kind in _KINDS:
        frame = scores[kind]
        for row in frame[frame["flagged"]].to_dict("records"):
            source = {name: row[name] for name in ("target", "rank", "model_version", "label_source")}
            source |= {"unproven": True} if row["model_version"] in unproven else {}
            rows.append((kind, str(row[GRAINS[kind]]), json.dumps(source, sort_keys=True), "model"))
    return rows


def _by_rules(tables: QuarterTables) -> list[tuple[str, str, str, str]]:
    """Findings about a subject whose codes mean suspected deliberate misuse; other findings stay findings."""
    from models.labels import is_fraud

    frame = tables.con.sql(
        "SELECT DISTINCT subject_type, subject_code, rule_name, fund_codes FROM findings "
        "WHERE subject_type IN ('person', 'practitioner', 'institution') ORDER BY ALL"
    ).df()
    frame = frame[frame["fund_codes"].map(is_fraud).astype(bool)]
    rows = []
    for (kind, code), part in frame.groupby(["subject_type", "subject_code"], sort=True):
        source = json.dumps({"rules": sorted(part["rule_name"].astype(str))}, ensure_ascii=False)
        rows.append((str(kind), str(code), source, "rule"))
    return rows


def _by_clues(tables: QuarterTables) -> list[tuple[str, str, str, str]]:
    found = tables.con.execute(_CLUES, {"begin": tables.quarter.begin}).fetchall()
    return [(str(kind), str(code), json.dumps({"clue_id": clue_id}), "clue") for clue_id, kind, code in found]


def _groups(tables: QuarterTables) -> list[tuple[str, str, str, str]]:
    """Groups of persons whom findings of suspected misuse name together, directly or through others; see LEAST_GROUP.

    A group's code is made of its members, so that the same persons are the same group whatever quarter or run. It has
    the members in its source, by which its outcome becomes one of each of them.
    """
    from models.labels import is_fraud

    member_of: dict[str, set[str]] = {}
    rules: dict[str, set[str]] = {}
    for person, rule, codes, others in tables.con.execute(_TOGETHER).fetchall():
        if not is_fraud(codes):
            continue
        joined = {str(person), *str(others).split()}
        for known in [member_of[name] for name in sorted(joined) if name in member_of]:
            joined |= known
        for name in joined:
            member_of[name] = joined
        rules.setdefault(str(person), set()).add(str(rule))
    groups = sorted({tuple(sorted(group)) for group in member_of.values() if len(group) >= LEAST_GROUP})
    rows = []
    for group in groups:
        code = f"G{hashlib.sha256(' '.join(group).encode()).hexdigest()[:16]}"
        named = sorted(set().union(*(rules.get(name, set()) for name in group)))
        rows.append(("group", code, json.dumps({"rules": named, "members": group}, ensure_ascii=False), "rule"))
    return rows


def calendar_beside(data: str) -> dict[str, int]:
    """Working days by ``calendar.csv`` of a data folder: 1 or 0 by day; empty where there is none.

    Raises DataFault for a file that has not the columns date and workday, or a row that cannot be read.
    """
    path = Path(data) / "calendar.csv"
    if "://" in data or not path.is_file():
        return {}
    from panel.table_file import read_table

    frame: Any = read_table(path, ("date", "workday"))
    days: dict[str, int] = {}
    for number, row in enumerate(frame.itertuples(index=False), start=2):
        flag = str(row.workday).removesuffix(".0")
        if flag not in ("0", "1") or len(str(row.date)) < 10:
            raise DataFault(f"calendar.csv, row {number}: write the date as 2026-07-01 and workday as 1 or 0.")
        days[str(row.date)[:10]] = int(flag)
    return days
