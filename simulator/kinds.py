"""Unreasonable prescribing: where each kind can happen, what it changes, and whether it is truly wrong in its context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator import changes
from simulator.calendar import DAY
from simulator.catalogue import Array, catalogue, is_disease, parameters
from simulator.coming import Scene
from simulator.streams import KINDS
from simulator.visits import ORDINARY, STAY, Visits


@dataclass(frozen=True)
class Facts:
    """What the kinds need to know of each visit beside the visit itself."""

    age: Array
    female: Array
    sloppy: Array
    cost: Array
    abx: Array
    tier: Array
    narcotic: Array
    piece: Array
    quiet: Array


def kind_names() -> list[str]:
    """The kinds in the order of the bits of ``Visits.kinds``."""
    return list(parameters()["kinds"])


def facts_of(scene: Scene, visits: Visits) -> Facts:
    """Facts of the visits. ``quiet``: dialysis, which is billed as a course and hardly varies."""
    people, doctor = scene.people, visits.doctor
    return Facts(
        age=people.age(scene.calendar.first)[visits.person] + visits.when / DAY / 365.25,
        female=people.female[visits.person],
        sloppy=scene.doctor_column("sloppy", doctor),
        cost=scene.doctor_column("cost_habit", doctor),
        abx=scene.doctor_column("abx_habit", doctor),
        tier=scene.doctor_column("abx_tier", doctor),
        narcotic=scene.doctor_column("narcotic_flag", doctor) == 1,
        piece=catalogue().piece[visits.drugs[:, 0]],
        quiet=is_disease("N18")[visits.disease],
    )


def misconduct(scene: Scene, visits: Visits) -> None:
    """Change visits by each kind that can happen and comes up; set ``kinds`` where it is truly unreasonable.

    Where it is not, ``innocent`` notes that the context excuses it: a reason that experts see in the record, and
    that leaves at most a soft trace in the data.
    """
    rng, facts = scene.stream(KINDS), facts_of(scene, visits)
    hidden = rng.normal(0, 1, len(visits))
    for bit, (kind, entry) in enumerate(parameters()["kinds"].items()):
        able, change = KIND_RULES[kind]
        log_rate = facts.sloppy + entry.get("abx", 0) * facts.abx + entry.get("dear", 0) * facts.cost
        chance = np.minimum(entry["rate"] * np.exp(log_rate), 0.9)
        rows = np.flatnonzero((rng.random(len(visits)) < chance) & able(visits, facts) & ~facts.quiet)
        rows = rows[change(visits, rows, facts.female[rows], rng)]
        wrong = rng.random(len(rows)) < _truth(entry, visits, rows, facts, hidden)
        visits.kinds[rows[wrong]] |= 1 << bit
        visits.mark(rows[~wrong], "context")


def _truth(entry: dict[str, float], visits: Visits, rows: Array, facts: Facts, hidden: Array) -> Array:
    """Chance that a change is truly unreasonable, context on the logit scale."""
    logit = np.log(entry["truth"] / (1 - entry["truth"])) + entry.get("hidden", 0) * hidden[rows]
    logit = logit + entry.get("reason", 0) * (visits.reason[rows] > 0) + entry.get("tested", 0) * visits.tested[rows]
    logit = logit + entry.get("old", 0) * (facts.age[rows] > 78)
    logit = logit + entry.get("cost", 0) * facts.cost[rows] + entry.get("sloppy", 0) * facts.sloppy[rows]
    return np.asarray(1 / (1 + np.exp(-logit)))


Able = Callable[[Visits, Facts], Array]
Change = Callable[[Visits, Array, Array, np.random.Generator], Array]


def _any(visits: Visits, _facts: Facts) -> Array:
    return np.ones(len(visits), dtype=bool)


def _western(_visits: Visits, facts: Facts) -> Array:
    return ~facts.piece


def _infant(_visits: Visits, facts: Facts) -> Array:
    return facts.age < 3


def _decoction(_visits: Visits, facts: Facts) -> Array:
    return facts.piece


def _short(visits: Visits, facts: Facts) -> Array:
    return np.asarray((visits.med == ORDINARY) & ~visits.long_rx & ~facts.piece & (visits.days.max(axis=1) <= 7))


def _holds_controlled(visits: Visits, _facts: Facts) -> Array:
    held = catalogue().control[visits.drugs] & (visits.drugs >= 0)
    return np.asarray(held.any(axis=1) & (visits.med == ORDINARY))


def _infection(visits: Visits, facts: Facts) -> Array:
    return is_disease("J18", "J20", "N39", "N73")[visits.disease] & (facts.tier < 3) & (facts.age >= 18)


def _viral(visits: Visits, _facts: Facts) -> Array:
    return is_disease("J06", "J11")[visits.disease]


def _pregnant_or_young(visits: Visits, facts: Facts) -> Array:
    return is_disease("Z34")[visits.disease] | (facts.age < 16)


def _mild(visits: Visits, _facts: Facts) -> Array:
    return np.asarray(is_disease("J06", "J20", "K29", "M54", "J11", "K52")[visits.disease] & (visits.med == ORDINARY))


def _on_antibacterial(visits: Visits, _facts: Facts) -> Array:
    return np.asarray(((catalogue().tier[visits.drugs] > 0) & (visits.drugs >= 0)).any(axis=1))


def _in_pain(visits: Visits, facts: Facts) -> Array:
    pain = is_disease("M54", "M17", "C34", "C18", "C50")[visits.disease]
    return np.asarray(pain & ~facts.narcotic & (facts.age >= 18) & (visits.med != STAY))


def _not_staying(visits: Visits, facts: Facts) -> Array:
    return np.asarray((visits.med != STAY) & ~facts.piece)


def _grown(visits: Visits, facts: Facts) -> Array:
    return (facts.age >= 18) & ~facts.piece & (changes.off_label_drug(visits.disease) >= 0)


#: For each kind: where it can happen, and what it changes.
KIND_RULES: dict[str, tuple[Able, Change]] = {
    "no_diagnosis": (_any, changes.no_diagnosis),
    "vague_use": (_any, changes.vague_use),
    "not_checked": (_any, changes.not_checked),
    "many_drugs": (_not_staying, changes.many_drugs),
    "infant_age": (_infant, changes.infant_age),
    "mixed_pieces": (_decoction, changes.mixed_pieces),
    "over_supply": (_short, changes.over_supply),
    "controlled": (_holds_controlled, changes.controlled),
    "tier_exceeded": (_infection, changes.tier_exceeded),
    "antibacterial": (_viral, changes.antibacterial),
    "unusual": (_western, changes.unusual),
    "contraindicated": (_pregnant_or_young, changes.contraindicated),
    "injection": (_mild, changes.injection),
    "not_essential": (_western, changes.not_essential),
    "over_dose": (_any, changes.over_dose),
    "two_antibacterials": (_on_antibacterial, changes.two_antibacterials),
    "duplicate": (_western, changes.duplicate),
    "interaction": (_western, changes.interaction),
    "high_price": (_western, changes.high_price),
    "off_label": (_grown, changes.off_label),
    "same_action": (_western, changes.same_action),
    "no_right": (_in_pain, changes.no_right),
}
