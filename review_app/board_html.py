"""Boards, lists and small parts as HTML. Pure: rows of ``presenting`` in, HTML out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from review_app import charts, look, named, presenters
from review_app.markup import badge, heading, note, pairs, table, text
from review_app.presenters import Words
from review_app.presenting import Figure


def figures(rows: Iterable[Figure]) -> str:
    """Figures side by side, each with its name and remark."""
    cells = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}<small>{text(remark) or '&nbsp;'}</small></dd></div>"
        for name, value, remark in rows
    )
    return f'<dl class="rx-figures">{cells}</dl>'


def queue(rows: Sequence[dict[str, str]], _: Words) -> str:
    """The queue as a table."""
    cells = [
        (row["case_id"], badge(row["mine"], row["mark"]), row["state"],
         badge(f"{row['due']} {_('overdue')}", "bad") if row["late"] else text(row["due"]))
        for row in rows
    ]  # fmt: skip
    return table((_("Case"), _("My verdict"), _("State"), _("Due")), cells, _("My cases, waiting ones first"), raw=(1, 3))


def shortcuts(_: Words) -> str:
    """The verdict form's keys."""
    rows = (
        ("0", _("reasonable: submit and go on")),
        ("1 2 3 U", _("class: non-standard, inappropriate, abnormal, cannot be judged")),
        ("1 – 9, A – F", _("a code of the chosen class")),
        ("Esc", _("then a number: another class; also leaves a text field")),
        ("L", _("then a number: the line it applies to, 0 = whole prescription")),
        ("G · Y · K", _("fund-use codes · amount · comment")),
        ("M", _("the medical record was seen")),
        ("S", _("save the draft (every field is saved when it is left)")),
        ("Ctrl+Enter", _("submit")),
        ("N · P", _("next · previous case")),
        ("X", _("recuse")),
        ("Tab", _("moves on, Space or Enter chooses")),
    )
    return f'<dl class="rx-shortcuts">{"".join(f"<dt><kbd>{text(k)}</kbd></dt><dd>{text(v)}</dd>" for k, v in rows)}</dl>'


def recorded(outcome: str, rows: Sequence[str], _: Words) -> str:
    """What has been recorded so far."""
    if outcome == look.NONE and not rows:
        return '<div class="rx-note" role="status"></div>'
    said = "".join(f"<li>{text(row)}</li>" for row in rows)
    return f'<div class="rx-note" role="status"><b>{text(_("Recorded"))}</b>: {text(outcome)}<ul>{said}</ul></div>'


def given(verdicts: Sequence[dict[str, Any]], _: Words, language: str) -> str:
    """The own verdicts on a case, the blind one first."""
    parts = []
    for entry in verdicts:
        shown = presenters.verdict(entry, language)
        place = shown["line"]
        rows = [(_("Class"), shown["class"]), (_("Codes"), shown["codes"]), (_("Fund use"), shown["funds"]),
                (_("Amount"), shown["loss"]), (_("Severity"), shown["severity"]), (_("Comment"), shown["comment"])]  # fmt: skip
        kept = [(name, value) for name, value in rows if value != look.NONE]
        title = badge(named.word("stage", entry["stage"], language), "good") + (badge(place) if place else "")
        parts.append(f"{title}{badge(look.moment(entry['given_time']))}{pairs(kept, 2)}")
    return "".join(parts)


def requests(rows: Sequence[dict[str, Any]], _: Words) -> str:
    """Records that were asked for."""
    words = {"open": _("open"), "supplied": _("supplied"), "not_supplied": _("not supplied"), "withdrawn": _("withdrawn")}
    cells = [
        (row["case_id"], row["wanted"], row["due_date"], badge(words[row["state"]], "bad" if row["overdue"] else "info"),
         row["answer"] or look.NONE)
        for row in rows
    ]  # fmt: skip
    head = (_("Case"), _("What is needed"), _("Due"), _("State"), _("Answer"))
    return table(head, cells, _("Records asked for"), raw=(3,))


def diagnoses(found: Sequence[dict[str, Any]], _: Words) -> str:
    """Diagnoses behind the mask."""
    rows = [(entry["diag_code"], entry["diag_name"]) for entry in found]
    return table((_("Code"), _("Diagnosis")), rows, _("All diagnoses of this case"))


def sides(said: Sequence[dict[str, Any]], differing: set[str], _: Words) -> str:
    """What experts said, side by side; where they differ is marked."""
    names = {"class": _("Class"), "codes": _("Codes"), "funds": _("Fund use"), "loss": _("Amount"), "severity": _("Severity"),
             "comment": _("Comment")}  # fmt: skip
    parts = []
    for entry in said:
        rows = "".join(
            f"<dt>{text(name)}</dt><dd{' class=rx-differs' if key in differing else ''}>{text(entry[key])}</dd>"
            for key, name in names.items()
        )
        parts.append(
            f"<section><h3>{text(entry['expert_id'])} <small>{text(entry['stage'])}</small></h3><dl>{rows}</dl></section>"
        )
    told = "、".join(names[key] for key in names if key in differing) or look.NONE
    return f'<div class="rx-sides">{"".join(parts)}</div>' + note(_("They differ in: {what}").format(what=told))


def states(rows: Sequence[tuple[str, int, float]], _: Words) -> str:
    """Cases by state."""
    cells = [
        (name, look.count(number), charts.bar(share, f"{name} {number}"), look.percent(share)) for name, number, share in rows
    ]
    return table((_("State"), _("Cases"), _("Share of all cases"), ""), cells, _("Cases by state"), numbers=(1, 3), raw=(2,))


def load(rows: Sequence[dict[str, Any]], professions: Sequence[str], _: Words) -> str:
    """Work by expert."""
    cells = [
        (row["expert_id"], profession, look.count(row["open"]), look.count(row["done"]), look.count(row["left"]),
         charts.bar(row["share"], look.percent(row["share"])), look.percent(row["share"]))
        for row, profession in zip(rows, professions, strict=True)
    ]  # fmt: skip
    head = (_("Expert"), _("Profession"), _("Waiting"), _("Judged"), _("Handed on"), _("Share judged"), "")
    return table(head, cells, _("Cases of each expert"), numbers=(2, 3, 4, 6), raw=(5,))


def institutions(rows: Sequence[dict[str, Any]], _: Words) -> str:
    """Institutions with their rates and intervals."""
    cells = []
    for row in rows:
        known = row["rate"] is not None and row["rate"] == row["rate"] and row["low"] is not None
        rate, reach = look.percent(row["rate"] if known else None), look.NONE
        chart = text(_("too little is judged"))
        if known:
            reach = look.interval(row["low"], row["high"])
            chart = charts.whisker(row["rate"], row["low"], row["high"], f"{rate} ({reach})")
        counts = [look.count(row[name]) for name in ("n_frame", "cases", "judged")]
        cells.append((row["fixmedins_code"], row["fixmedins_name"], *counts, rate, reach, chart))
    head = (_("Institution"), _("Name"), _("Frame, prescriptions"), _("Cases"), _("Judged"),
            _("Unreasonable rate (random arm)"), _("90 % interval"), _("0 – 100 %"))  # fmt: skip
    return table(head, cells, _("Institutions"), numbers=(2, 3, 4, 5, 6), raw=(7,))


def steps(rows: Sequence[dict[str, Any]], _: Words) -> str:
    """Steps of publishing."""
    cells = [
        (number, row["step"], look.count(row["through"]), look.count(row["wait"]),
         badge(_("done"), "good") if row["done"] else badge(row["remark"] or _("waits"), "warn" if row["wait"] else "plain"))
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip
    head = (_("No."), _("Step"), _("Through, cases"), _("Waiting, cases"), _("State"))
    return table(head, cells, _("From the last verdict to a closed quarter"), numbers=(2, 3), raw=(4,))


def agreement(rows: Sequence[dict[str, str]], caption: str, _: Words) -> str:
    """Measures of agreement with 90 % intervals."""
    cells = [(row["what"], row["cases"], row["percent"], row["ac1"], row["cohen"], row["alpha"]) for row in rows]
    head = (_("What"), _("Cases"), _("Per cent"), "Gwet AC1 [90 %]", "Cohen κ [90 %]", "Krippendorff α [90 %]")
    return table(head, cells, caption, numbers=(1, 2, 3, 4, 5))


def leads(rows: Sequence[dict[str, str]], _: Words) -> str:
    """Leads as a table."""
    cells = [
        (row["lead_id"], row["subject"], row["code"], row["pointer"], badge(row["state"], "info"), row["officers"],
         badge(f"{row['due']} {_('overdue')}", "bad") if row["late"] else text(row["due"]))
        for row in rows
    ]  # fmt: skip
    head = (_("Lead"), _("Kind"), _("Subject"), _("Pointed at by"), _("State"), _("Officers"), _("Due"))
    return table(head, cells, _("Leads of the quarter"), raw=(4, 6))


def picture(found: dict[str, Any], names: dict[str, str], _: Words, language: str) -> str:
    """A lead's network as a drawing and a table, and its weeks as bars."""
    partners = found["partners"]
    if not partners and not found["weeks"]:
        return note(_("There is nothing to draw of this subject in this quarter's data."))
    alt = _("Network of {code}: lines as thick as the settlements in common").format(code=found["code"])
    cells = [(names[row["type"]], row["code"], look.count(row["visits"]), look.yuan(row["amt"], language)) for row in partners]
    head = (_("Kind"), _("With"), _("Settlements in common"), _("Amount"))
    # The wheel shows the first eight of each kind; the table all of them.
    drawn = [row for kind in names for row in [p for p in partners if p["type"] == kind][:8]]
    legend = note(_("● person  ■ practitioner  ▲ institution; the number = settlements in common"))
    most = max((row["visits"] for row in found["weeks"]), default=1)
    weeks = [
        (
            row["week"],
            look.count(row["visits"]),
            look.yuan(row["amt"], language),
            charts.bar(row["visits"] / most, f"{row['week']} {row['visits']}"),
        )
        for row in found["weeks"]
    ]
    timeline = table(
        (_("Week from"), _("Settlements"), _("Amount"), ""), weeks, _("Settlements by week"), numbers=(1, 2), raw=(3,)
    )
    return (
        heading(_("Network")) + charts.network(found["code"], drawn, alt) + legend
        + table(head, cells, _("Whom the subject dealt with"), numbers=(2, 3)) + heading(_("Timeline")) + timeline
    )  # fmt: skip


def lead_notes(rows: Sequence[dict[str, Any]], _: Words, language: str) -> str:
    """What was written on a lead."""
    cells = [(look.moment(row["at"]), row["account"], named.word("note", row["kind"], language), row["text"]) for row in rows]
    return table((_("Time (UTC)"), _("Account"), _("Step"), _("Text")), cells, _("What was written on this lead"))


def clues(rows: Sequence[dict[str, str]], _: Words, language: str) -> str:
    """What was reported on a lead, never by whom."""
    cells = [
        (look.moment(row["received"]), presenters.code_word("clue", "channel", row["channel"], language), row["text"])
        for row in rows
    ]
    return table((_("Received"), _("Channel"), _("Text")), cells, _("What was reported"))


def models(rows: Sequence[dict[str, str]], _: Words) -> str:
    """Models beside their baselines."""
    cells = [
        (row["model"], badge(row["alias"], "good"), row["version"], row["precision"], row["gain"], row["over"], row["rows"],
         badge(row["labels"], "warn" if row["weak"] else "plain"))
        for row in rows
    ]  # fmt: skip
    head = (_("Model"), _("Alias"), _("Version"), _("Average precision [90 %]"), _("Gain [90 %]"), _("over the best baseline"),
            _("Rows / positives"), _("Labels"))  # fmt: skip
    return table(head, cells, _("Every model beside its best one-column baseline"), numbers=(3, 4, 6), raw=(1, 7))


def drift(rows: Sequence[dict[str, Any]], caption: str, _: Words) -> str:
    """How far features have moved since training."""
    words = {"ok": (_("ok"), "good"), "notice": (_("to be watched"), "warn"), "large": (_("large"), "bad")}
    cells = [
        (row["feature"], row["before"], row["now"],
         look.estimate(row["shift"], None, None, 2), badge(*words[row["level"]]))
        for row in rows
    ]  # fmt: skip
    head = (_("Feature"), _("Median at training"), _("Median now"), _("Shift (population stability index)"), _("Level"))
    return table(head, cells, caption, numbers=(1, 2, 3), raw=(4,))


def plain(rows: Sequence[dict[str, Any]], head: dict[str, str], caption: str) -> str:
    """Rows of a list as they are: ``head`` = keys with their words, in order."""
    cells = [[look.NONE if row.get(key) in (None, "") else row[key] for key in head] for row in rows] or [
        [look.NONE] * len(head)
    ]
    return table(tuple(head.values()), cells, caption)
