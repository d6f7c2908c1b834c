"""Boards, lists and logs: from what the panel gives to plain rows. Pure; today is handed in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from features.catalogue import load_catalogue
from panel.tables import fund_codes, item_codes, roles, states
from panel.waiting import today
from review_app import look, named, presenters
from review_app.look import NONE
from review_app.presenters import Words, told

__all__ = ["today"]

#: Whether a figure is good, to be looked at, or bad news; told by sign as well.
Figure = tuple[str, str, str]
#: A clue's number belongs to both languages.
_CLUE = re.compile(r"(线索 clue )([^\s；]+)")
_DECIDED = ("agreed", "adjudicated", "notified", "appealed", "re_reviewed", "closed")


def queue_figures(rows: Sequence[dict[str, Any]], day: str, _: Words) -> list[Figure]:
    """How many wait, are given, are overdue, and when the next is due; as (name, figure, remark)."""
    waiting = [row for row in rows if not row["mine_submitted"]]
    late = [row for row in waiting if (row["due_date"] or "9") < day]
    due = min((row["due_date"] for row in waiting if row["due_date"]), default=None)
    return [
        (_("Waiting for me"), look.count(len(waiting), _("cases")), ""),
        (_("Judged by me"), look.count(len(rows) - len(waiting), _("cases")), ""),
        (_("Next due"), due or NONE, _("the day's end")),
        (_("Overdue"), look.count(len(late), _("cases")), "" if not late else _("please give these first")),
    ]


def queue_rows(rows: Sequence[dict[str, Any]], day: str, _: Words, language: str) -> list[dict[str, str]]:
    """The queue as rows; ``late`` = overdue, ``mark`` = kind of mark of the own verdict."""
    return [
        {
            "case_id": row["case_id"],
            "mine": _("given") if row["mine_submitted"] else _("draft kept") if row["draft"] else _("waiting"),
            "mark": "good" if row["mine_submitted"] else "info" if row["draft"] else "plain",
            "state": told(states()[row["state"]], language),
            "due": row["due_date"] or NONE,
            "late": "late" if not row["mine_submitted"] and (row["due_date"] or "9") < day else "",
        }
        for row in rows
    ]


def by_expert(verdicts: Sequence[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """What each expert said last, over whole prescription and lines: expert, stage, and fields to compare."""
    last: dict[str, list[dict[str, Any]]] = {}
    for row in verdicts:
        own = last.setdefault(row["expert_id"], [])
        if own and (own[0]["stage"], own[0]["version"]) != (row["stage"], row["version"]):
            own.clear()
        own.append(row)
    found = []
    for expert_id, rows in last.items():
        whole = next((row for row in rows if not row.get("feedetl_sn")), rows[0])
        joined = {name: " ".join(sorted({c for row in rows for c in str(row[name] or "").split()})) for name in
                  ("item_codes", "fund_codes")}  # fmt: skip
        shown = presenters.verdict({**whole, **joined}, language)
        stage = named.word("stage", whole["stage"], language)
        found.append(
            {"expert_id": named.giver(expert_id, language), "stage": stage, **{k: v for k, v in shown.items() if k != "line"}}
        )
    return found


def differences(said: Sequence[dict[str, Any]]) -> set[str]:
    """Fields in which what experts said differs; free text is never compared."""
    names = ("class", "codes", "funds", "loss", "severity")
    return {name for name in names if len({entry[name] for entry in said}) > 1}


def progress_figures(found: dict[str, Any], _: Words) -> list[Figure]:
    """The quarter at a glance."""
    agreed = found["agreement"]
    low, high = (agreed.get("intervals") or {}).get("ac1") or (None, None)
    share = found["judged"] / found["cases"] if found["cases"] else None
    # A coefficient without an interval rests on so few cases that it says nothing.
    said = [_("{n} cases").format(n=look.count(agreed.get("pairs")))]
    said += [f"Gwet AC1 {look.estimate(agreed['ac1'], low, high, 2)}"] if low is not None and low == low else []
    return [
        (_("Cases"), look.count(found["cases"], _("cases")), ""),
        (_("Decided cases"), look.count(found["judged"], _("cases")), _("coverage {p}").format(p=look.percent(share))),
        (_("Verdicts given"), look.count(found["verdicts"]), ""),
        (_("Overdue"), look.count(found["overdue"], _("cases")), ""),
        (_("Blind agreement"), look.percent(agreed["percent"]), " · ".join(said)),
    ]


def state_rows(found: dict[str, Any], language: str) -> list[tuple[str, int, float]]:
    """Cases by state in the order of the workflow: words, cases, share."""
    whole = max(1, found["cases"])
    return [
        (told(words, language), found["states"][name], found["states"][name] / whole)
        for name, words in states().items()
        if name in found["states"]
    ]


def load_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Work by expert: cases waiting, done, and left (recused, absent, lapsed, handed on)."""
    by: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: {"open": 0, "done": 0, "left": 0})
    for row in found["load"]:
        kind = row["state"] if row["state"] in ("open", "done") else "left"
        by[row["expert_id"], row["profession"]][kind] += row["cases"]
    return [
        {"expert_id": expert_id, "profession": profession, **counts,
         "share": counts["done"] / max(1, counts["done"] + counts["open"])}
        for (expert_id, profession), counts in sorted(by.items())
    ]  # fmt: skip


def profession_text(profession: str, _: Words) -> str:
    """A profession in words."""
    names = {"insurance": _("insurance"), "medicine": _("medicine"), "pharmacy": _("pharmacy")}
    return names.get(profession, profession)


def publishing_steps(found: dict[str, Any], overdue: int, appeals: Sequence[dict[str, Any]], _: Words) -> list[dict[str, Any]]:
    """Steps from the panel's last verdict to a closed quarter: name, how many are through, how many wait, whether done."""
    counted = found["states"]

    def of(*names: str) -> int:
        return sum(counted.get(name, 0) for name in names)

    whole, told_of = found["cases"], of("notified", "appealed", "re_reviewed", "closed")
    open_appeals = sum(row["state"] == "open" for row in appeals)
    steps = [
        (_("Decide every case"), of(*_DECIDED), whole - of(*_DECIDED)),
        (_("Notify the institutions"), told_of, of("agreed", "adjudicated")),
        (_("Re-review appeals"), len(appeals) - open_appeals, open_appeals),
        (_("Close"), of("closed"), of("notified", "re_reviewed")),
    ]
    return [
        {"step": name, "through": through, "wait": wait, "done": wait == 0 and through > 0,
         "remark": _("{n} overdue").format(n=overdue) if number == 0 and overdue else ""}
        for number, (name, through, wait) in enumerate(steps)
    ]  # fmt: skip


def agreement_rows(named: dict[str, dict[str, Any]], words: dict[str, str]) -> list[dict[str, str]]:
    """Measures of agreement as rows: what, cases, per cent, and each coefficient with its 90 % interval."""
    return [{"what": words.get(name, name), **agreement_cells(entry)} for name, entry in named.items()]


def agreement_cells(entry: dict[str, Any]) -> dict[str, str]:
    """Cases, per cent and coefficients of one measurement of agreement."""

    def cell(name: str) -> str:
        low, high = (entry.get("intervals") or {}).get(name) or (None, None)
        return look.estimate(entry.get(name), low, high, 2)

    return {"cases": look.count(entry.get("pairs")), "percent": look.percent(entry.get("percent")), "ac1": cell("ac1"),
            "cohen": cell("cohen"), "alpha": cell("alpha")}  # fmt: skip


def calibration_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Experts against known answers: sensitivity and specificity each with the 90 % interval."""

    def span(row: dict[str, Any], name: str) -> str:
        low, high = row[f"{name}_interval"] or (None, None)
        return NONE if row[name] is None else f"{look.percent(row[name])} ({look.interval(low, high)})"

    return [{**row, **{name: span(row, name) for name in ("sensitivity", "specificity")}} for row in rows]


def role_words(names: Sequence[str], language: str) -> str:
    """Roles in words."""
    return "、".join(told(roles()[name], language) for name in names if name in roles())


def code_words(language: str) -> dict[str, str]:
    """Item and fund codes in words."""
    return {code: f"{code} {told(words, language)}" for code, words in {**item_codes(), **fund_codes()}.items()}


def pointer(text: str, language: str) -> str:
    """What pointed at a subject, in one language where the text has both."""
    told_of = (
        presenters.rule_name(presenters.one_of(part, language), language)
        for part in _CLUE.sub(r"线索\2 clue \2", text).split("；")
    )
    return "；".join(told_of)


def lead_rows(leads: Sequence[dict[str, Any]], _: Words, language: str) -> list[dict[str, str]]:
    """Leads as rows; ``late`` = overdue."""
    return [
        {
            "lead_id": row["lead_id"],
            "subject": subject_text(row["subject_type"], _),
            "code": row["subject_code"],
            "pointer": pointer(row["pointer"], language),
            "state": told(states("lead")[row["state"]], language),
            "officers": row["officers"] or NONE,
            "due": row["due_date"] or NONE,
            "late": "late" if row["overdue"] else "",
        }
        for row in leads
    ]


def decided_labels(rows: Sequence[dict[str, Any]], _: Words, language: str) -> dict[str, str]:
    """Decided cases in words, by number: where each stands, and whether the decision is one's own or a known answer."""
    marks = {"mine": _("my decision"), "gold": _("known answer")}
    return {
        row["case_id"]: " · ".join(
            [row["case_id"], told(states()[row["state"]], language), *(word for key, word in marks.items() if row[key])]
        )
        for row in rows
    }


def known_answer(answer: dict[str, Any], language: str) -> str:
    """A case's known answer in words: class, codes, why."""
    codes = presenters.codes_text(" ".join(answer["item_codes"]), language)
    return " · ".join([presenters.class_text(answer["verdict_class"], language), *codes, str(answer["why"])])


def identity_pairs(found: dict[str, Any], _: Words) -> list[tuple[str, str]]:
    """What stands behind a case: number and person, prescriber, department, institution."""
    names = {"rxno": _("Prescription"), "psn_no": _("Person"), "dr_codg": _("Prescriber, number"), "dr_name": _("Prescriber"),
             "dept_name": _("Department"), "fixmedins_code": _("Institution"), "fixmedins_name": _("Name")}  # fmt: skip
    return [(word, str(found.get(key) or NONE)) for key, word in names.items()]


def subject_text(kind: str, _: Words) -> str:
    """A lead's kind of subject in words."""
    names = {"person": _("person"), "practitioner": _("practitioner"), "institution": _("institution"),
             "pharmacy": _("pharmacy shop"), "group": _("group")}  # fmt: skip
    return names.get(kind, kind)


def model_rows(table: Sequence[dict[str, Any]], _: Words, language: str) -> list[dict[str, str]]:
    """Models beside their best baseline, with 90 % intervals."""

    def span(entry: dict[str, Any] | None) -> str:
        return NONE if entry is None else look.estimate(entry["value"], *entry["interval90"])

    return [
        {
            "model": named.model(row["model"], language),
            "alias": _("champion") if row["alias"] == "champion" else _("challenger"),
            "version": row["model_version"],
            "precision": span(row["average_precision"]),
            "gain": span(row["gain"]),
            "over": named.word("baseline", row["gain_over"], language),
            "rows": f"{row['rows']:,} / {row['positives']:,}",
            "labels": named.word("labels", row["label_source"], language),
            "weak": "weak" if presenters.is_weak(str(row["label_source"])) else "",
        }
        for row in table
    ]


def drift_rows(model: str, rows: Sequence[dict[str, Any]], _: Words, language: str) -> list[dict[str, Any]]:
    """Features that moved, by their names in the catalogue; ``model`` is target@grain."""
    grain = model.partition("@")[2]
    known = {feature.name: feature for feature in load_catalogue().of(grain)}
    found = []
    for row in rows:
        feature = known.get(row["feature"])
        if feature is None:
            shown = {name: look.estimate(row[name], None, None) for name in ("before", "now")}
            found.append({**row, **shown, "feature": _("the score itself")})
        else:
            shown = {name: look.measure(row[name], feature.unit, language) for name in ("before", "now")}
            found.append({**row, **shown, "feature": told((feature.zh, feature.en), language)})
    return found


def design_pairs(design: dict[str, Any], _: Words, language: str) -> list[tuple[str, str]]:
    """A quarter's draw: what was drawn, by which design and seed."""
    arms = design.get("arms", {})
    return [
        (_("Design"), str(design.get("design_id", NONE))),
        (_("Capacity"), look.count(design.get("capacity"), _("cases"))),
        (_("Frame"), look.count(design.get("frame_rows"), _("prescriptions"))),
        (_("Strata"), look.count(design.get("strata"))),
        (_("Random arm"), look.count(arms.get("random"), _("cases"))),
        (_("Targeted arm"), look.count(arms.get("targeted"), _("cases"))),
        (_("Clue arm"), look.count(arms.get("clue", 0), _("cases"))),
        (_("Seed, its origin"), named.word("seed", design.get("seed_origin"), language)),
        (_("SHA-256 of the seed"), str(design.get("seed_sha256", NONE))),
        (_("SHA-256 of the frame"), str(design.get("frame_sha256", NONE))),
    ]
