"""A case as HTML: the prescription as doctors know it, the person's year, what opens after the blind verdict. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from review_app import charts, look, named, presenters, supplies
from review_app.markup import badge, heading, note, pairs, table, text
from review_app.presenters import Words

#: The part of the page that opens after the blind verdict.
OPENED = "opened"


def prescription(opened: dict[str, Any], _: Words, language: str) -> str:
    """Head, diagnoses, lines and foot, on one sheet."""
    case = opened["case"]
    diagnoses = "；".join(presenters.diagnoses(case)) or _("none written")
    names = presenters.sealed(case, _)
    kind = presenters.code_word("prescription", "rx_type_code", case.get("rx_type_code"), language)
    return (
        f'<article class="rx-sheet" aria-label="{text(_("Prescription"))} {text(opened["case_id"])}">'
        f"<h2><span>{text(_('Prescription'))} {text(opened['case_id'])}</span><small>{text(kind)}</small></h2>"
        f"{pairs(names, 4) if names else ''}{pairs(presenters.head(case, _, language), 5)}"
        f'<div class="rx-diagnoses"><b>{text(_("Diagnosis"))}</b>{text(diagnoses)}</div>'
        f'<p class="rx-rp" lang="la" aria-hidden="true">Rp.</p>{_lines(case, _, language)}'
        f'<div class="rx-foot">{pairs(presenters.foot(case, _, language), 3)}</div></article>'
        + note(_("▲ = above the label's maximum. ×n = units in a pack. A dash = not in the data."))
    )


def _lines(case: dict[str, Any], _: Words, language: str) -> str:
    rows = []
    for row in presenters.lines(case, _, language):
        signs = "".join(badge(words, kind) for kind, words in row["marks"])
        limits = f"{_('Payment restriction')}: {row['restriction']}" if row["restriction"] != look.NONE else ""
        drug = (
            f'<span class="rx-drugname">{text(row["drug"])}</span><span class="rx-sub">{text(row["form"])}</span>'
            f'{signs}<span class="rx-sub">{text(limits)}</span>'
        )
        dose = f'<span class="rx-over">{text(row["dose"])}</span>' if row["over"] else text(row["dose"])
        cells = ("directions", "dose", "limit", "days", "quantity", "amount")
        shown = {**{name: row[name] for name in cells}, "dose": dose}
        rows.append((row["line"], drug, *shown.values()))
    names = (_("No."), _("Drug"), _("Directions"), _("Daily dose"), _("Label maximum"), _("Days"), _("Packs"), _("Amount"))
    return table(names, rows, _("Prescribed lines"), numbers=(3, 4, 5, 6, 7), raw=(1, 3))


def timeline(case: dict[str, Any], _: Words, language: str) -> str:
    """Supplies of the last twelve months as bars, days covered twice hatched."""
    title = heading(_("Supplies of the last twelve months"))
    rows = supplies.supplies(case, _, language)
    if not rows:
        return title + note(_("No supply is known."))
    written = date.fromisoformat(case["prsc_time"][:10])
    ends = [bar["begin"] + timedelta(days=int(bar["days"])) for row in rows for bar in row["bars"]]
    first = min(bar["begin"] for row in rows for bar in row["bars"])
    last = max(written, *ends)
    words = {"label": _("Supplies of the last twelve months"), "overlap": _("{n} days twice")}
    key = "".join(
        f'<span class="rx-key"><i class="{kind}"></i></span>{text(said)}'
        for kind, said in (
            ("rx-bar", _("earlier")), ("rx-bar rx-this", _("this prescription")), ("rx-overlap", _("supplied twice"))
        )
    )  # fmt: skip
    said = note(_("Bar = days of supply as written; where days are unknown the bar is one day wide."))
    return f"{title}<div class=rx-note>{key}</div>{charts.timeline(rows, first, last, words)}{said}"


def findings(case: dict[str, Any], _: Words, language: str) -> str:
    """What the rules found, each with evidence and clause."""
    title = heading(_("Findings of the rules"))
    rows = presenters.findings(case, _, language)
    if not rows:
        return title + note(_("No rule found anything here."))
    parts = []
    for row in rows:
        place = badge(_("line {n}").format(n=row["line"]), "info") if row["line"] else ""
        codes = "".join(badge(code) for code in row["codes"])
        kind = badge(row["kind"], "bad" if row["definite"] else "warn")
        parts.append(
            f'<section class="rx-finding{" rx-definite" if row["definite"] else ""}"><b>{text(row["name"])}</b> {kind}{place}'
            f"{codes}<p>{text(row['evidence'])} · {text(_('amount'))} {text(row['amount'])}</p>"
            f"<cite>{text(row['basis'])}</cite></section>"
        )
    return title + "".join(parts)


def score(case: dict[str, Any], found: dict[str, Any], _: Words, language: str) -> str:
    """One target's score with its reasons, as a chart of sentences."""
    name = _("Unreasonable prescribing") if found["target"] == "unreasonable" else _("Suspected deliberate misuse")
    said = _("Predicted probability {p}, rank {rank}; model {version}; labels: {source}").format(
        p=look.percent(float(found["score"]), 2), rank=found["rank"], version=found["model_version"],
        source=named.word("labels", str(found["label_source"]), language),
    )  # fmt: skip
    parts = [heading(f"{_('Model')}: {name}"), note(said)]
    if presenters.is_weak(str(found["label_source"])):
        parts.append(
            badge(_("This score was learned from rule findings, not from verdicts: it repeats what rules say."), "warn")
        )
    rows = presenters.reasons(case, found["target"], language)
    if rows:
        parts.append(charts.diverging([(row["reason"], row["contribution"]) for row in rows], name))
        parts.append(
            note(_("＋ raises the score, － lowers it; contributions in log-odds. A score points; it establishes nothing."))
        )
    return "".join(parts)


def peers(case: dict[str, Any], _: Words, language: str) -> str:
    """Prescriber and institution among their peers."""
    rows = presenters.peers(case, language)
    title = heading(_("Among the peers"))
    if not rows:
        return title + note(_("There are too few peers to compare with."))
    kinds = {"practitioner": _("prescriber"), "institution": _("institution")}
    cells = []
    for row in rows:
        shown, numbers = row["shown"], row["numbers"]
        said = f"{row['name']} {shown['value']}; {shown['q25']} – {shown['q75']}"
        box = charts.among(numbers["value"], numbers["q25"], numbers["q50"], numbers["q75"], said)
        cells.append((kinds[row["grain"]], row["name"], shown["value"], box, f"{shown['q25']} – {shown['q75']}", row["peers"]))
    names = (_("Who"), _("What"), _("Value"), _("Place"), _("Middle half of the peers"), _("Peers"))
    caption = _("Peers of the prescriber: same level and department; of the institution: same level; this quarter.")
    return title + table(names, cells, caption, numbers=(2, 4, 5), raw=(3,))


def similar(opened: dict[str, Any], _: Words, language: str) -> str:
    """Decided cases like this one."""
    rows = [(row["case_id"], row["state"], row["class"], row["codes"]) for row in presenters.similar(opened, language)]
    title = heading(_("Similar cases already decided"))
    if not rows:
        return title + note(_("No decided case has this main diagnosis and this group of drug yet."))
    caption = _("Same category of the main diagnosis, same group (ATC level 4) of the dearest drug; newest first.")
    return title + table((_("Case"), _("State"), _("Class"), _("Codes")), rows, caption)


def opened_part(opened: dict[str, Any], _: Words, language: str) -> str:
    """Everything that opens after the blind verdict."""
    case = opened["case"]
    scored = "".join(score(case, found, _, language) for found in presenters.scores(case))
    whole = findings(case, _, language) + scored + peers(case, _, language) + similar(opened, _, language)
    return f'<div id="{OPENED}">{whole}</div>'


def pointer_to_opened(case: dict[str, Any], _: Words, language: str) -> str:
    """What the rules found, by name, with the way to what opened below the case: on a low screen it is out of sight."""
    rows = presenters.findings(case, _, language)
    said = "".join(badge(row["name"], "bad" if row["definite"] else "warn") for row in rows)
    way = f'<a href="#{OPENED}">↓ {text(_("Below the case: findings, model, peers, similar cases"))}</a>'
    return f'<p class="rx-note rx-names">{said or text(_("No rule found anything here."))}</p><p class="rx-note">{way}</p>'
