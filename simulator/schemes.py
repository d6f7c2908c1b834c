"""The schemes of those who misuse the fund: prescriptions that they add to the block's."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.calendar import DAY
from simulator.catalogue import Array, catalogue, disease_row, diseases, is_disease, parameters
from simulator.coming import Scene, write_usual
from simulator.people import PERSON_SCHEMES
from simulator.streams import GROUPS, SCHEMES, WRITING, stream
from simulator.visits import CHRONIC, Visits
from simulator.visits import SCHEMES as NAMES

_COSTLY = "阿托伐他汀钙片（原研） 氯吡格雷片 西格列汀片 利伐沙班片 达格列净片 沙库巴曲缬沙坦钠片 布地奈德福莫特罗吸入剂"
_CHRONIC = ("I10", "E11", "I25", "M17", "I63")


def scheme_visits(scene: Scene) -> list[Visits]:
    """The prescriptions of all schemes that act in a block's quarter."""
    makers = (_resale, _impersonation, _gangs, _collusion, _after_death, _ghosts, _splits, _kickbacks)
    found = []
    for number, maker in enumerate(makers):
        visits = maker(scene, scene.stream(SCHEMES, number))
        people = scene.people
        today = scene.calendar.first + visits.when // DAY
        here = (visits.when >= 0) & (visits.when < scene.calendar.days * DAY) & (today > people.born[visits.person])
        if maker is not _after_death:
            here &= today <= people.died[visits.person]
        found.append(visits.take(here))
    return found


def _mark(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = parameters()["schemes"][name]
    return entry


def _events(who: Array, name: str, rng: np.random.Generator) -> Array:
    """Whoever acts in this quarter, once for each event."""
    mark = _mark(name)
    active = rng.random(len(who)) < mark["active"]
    return np.repeat(who, np.where(active, 1 + rng.poisson(max(0.0, mark["times"] - 1), len(who)), 0))


def _of(scene: Scene, name: str) -> Array:
    return np.flatnonzero(scene.people.scheme == PERSON_SCHEMES.index(name))


def _days(scene: Scene, size: int, rng: np.random.Generator) -> Array:
    return scene.calendar.minutes(scene.calendar.ordinary_days(size, rng), rng)


def _chronic(size: int, rng: np.random.Generator) -> Array:
    listed = np.flatnonzero(is_disease(*_CHRONIC))
    found: Array = listed[rng.integers(len(listed), size=size)]
    return found


def _as_chronic(visits: Visits, name: str, rng: np.random.Generator) -> Visits:
    """As a prescription for the chronically ill looks, reason and all; some claim the benefit of the registered."""
    listed = np.array([entry["opsp"] != "" for entry in diseases()])[visits.disease]
    visits.med[listed & (rng.random(len(visits)) < _mark(name).get("benefit", 0))] = CHRONIC
    visits.long_rx[:] = True
    visits.reason[:] = 1
    visits.scheme[:] = NAMES.index(name)
    return visits


def _costly_lines(visits: Visits, number: Array, days: Array, rng: np.random.Generator) -> None:
    costly, rows = catalogue().rows(_COSTLY), np.arange(len(visits))
    order = np.argsort(rng.random((len(visits), len(costly))), axis=1)
    for line in range(3):
        wanted = rows[number > line]
        visits.add(wanted, costly[order[wanted, line]], days[wanted])


def _resale(scene: Scene, rng: np.random.Generator) -> Visits:
    """Persons who collect costly chronic drugs at one institution after the other, to sell them."""
    person = _events(_of(scene, "resale"), "resale", rng)
    disease = _chronic(len(person), rng)
    doctor = scene.choosing.doctors(disease, rng.integers(0, 5, len(person)), rng.random(len(person)))
    visits = Visits.new(person, doctor, _days(scene, len(person), rng), disease)
    _costly_lines(visits, rng.integers(1, 4, len(visits)), np.array([14, 28, 28])[rng.integers(0, 3, len(visits))], rng)
    return _as_chronic(visits, "resale", rng)


def _impersonation(scene: Scene, rng: np.random.Generator) -> Visits:
    """A card lent to somebody else, whose illness the holder does not have."""
    person = _events(_of(scene, "impersonation"), "impersonation", rng)
    disease = _chronic(len(person), rng)
    doctor = scene.choosing.doctors(disease, scene.people.area[person], rng.random(len(person)))
    visits = Visits.new(person, doctor, _days(scene, len(person), rng), disease)
    write_usual(scene, visits, np.array([7, 14, 28])[rng.integers(0, 3, len(visits))], scene.stream(WRITING, 10))
    return _as_chronic(visits, "impersonation", rng)


def _gangs(scene: Scene, rng: np.random.Generator) -> Visits:
    """Groups whose cards are used together, at one place within minutes, again and again."""
    members = _of(scene, "gang")
    members = members[np.argsort(scene.people.group[members], kind="stable")]
    groups = np.unique(scene.people.group[members])
    event = _events(groups, "gang", rng)
    begin = _days(scene, len(event), rng)
    at, member = np.nonzero(scene.people.group[members][None, :] == event[:, None])
    kept = rng.random(len(at)) < 0.85
    at, person = at[kept], members[member[kept]]
    # The place of a group stays the same from quarter to quarter.
    chance = stream(scene.city.seed, GROUPS, scene.block, 1).random(int(groups.max(initial=0)) + 1)
    disease = _chronic(len(event), rng)[at]
    doctor = scene.choosing.doctors(np.full(len(at), disease_row("I10")), event[at] % 5, chance[event[at]])
    visits = Visits.new(person, doctor, begin[at] + 2 * (member[kept] % 5) + rng.integers(0, 2, len(at)), disease)
    write_usual(scene, visits, np.full(len(visits), 14), scene.stream(WRITING, 11))
    return _as_chronic(visits, "gang", rng)


def _collusion(scene: Scene, rng: np.random.Generator) -> Visits:
    """A prescriber, a pharmacy and persons who turn the fund's drugs into money and goods."""
    person = _events(_of(scene, "collusion"), "collusion", rng)
    doctors = scene.city.doctors_in("collusion", scene.block)
    if not len(doctors):
        return Visits.new(person[:0], person[:0], person[:0], 0)
    doctor = doctors[person % len(doctors)]
    visits = Visits.new(person, doctor, _days(scene, len(person), rng), _chronic(len(person), rng))
    chance = stream(scene.city.seed, GROUPS, scene.block, 2).random(len(doctors))
    areas = np.arange(len(doctors)) % 5
    visits.pharmacy = scene.choosing.pharmacies(areas, chance)[person % len(doctors)]
    _costly_lines(visits, rng.integers(1, 4, len(visits)), np.full(len(visits), 28), rng)
    return _as_chronic(visits, "collusion", rng)


def _after_death(scene: Scene, rng: np.random.Generator) -> Visits:
    """The card of the dead goes on collecting for a while."""
    people, calendar = scene.people, scene.calendar
    who = _of(scene, "after_death")
    gone = people.died[who] - calendar.first
    who = who[(gone > -300) & (gone < calendar.days - 6)]
    person = _events(who, "after_death", rng)
    first = np.maximum(people.died[person] - calendar.first + 2, 0)
    day = first + (rng.random(len(person)) * (calendar.days - first)).astype(int)
    general = disease_row("I10")
    disease = np.where(people.disease[person] >= 0, people.disease[person], general)
    doctor = scene.choosing.doctors(disease, people.area[person], people.usual[person])
    visits = Visits.new(person, doctor, calendar.minutes(day, rng), disease)
    write_usual(scene, visits, np.full(len(visits), 28), scene.stream(WRITING, 12))
    return _as_chronic(visits, "after_death", rng)


def _ghosts(scene: Scene, rng: np.random.Generator) -> Visits:
    """Prescribers who write for people who never came: bursts of nearly one content, often at odd hours."""
    doctor = _events(scene.city.doctors_in("ghost", scene.block), "ghost", rng)
    size = rng.integers(_mark("ghost")["burst"] - 2, _mark("ghost")["burst"] + 3, len(doctor))
    odd = (
        rng.integers(0, scene.calendar.days, len(doctor)) * DAY
        + np.array([12, 13, 18, 20])[rng.integers(0, 4, len(doctor))] * 60
    )
    begin = np.where(rng.random(len(doctor)) < 0.6, odd, _days(scene, len(doctor), rng))
    event = np.repeat(np.arange(len(doctor)), size)
    turn = np.arange(len(event)) - np.searchsorted(event, event)
    person = rng.integers(0, len(scene.people.born), len(event))
    visits = Visits.new(
        person, doctor[event], begin[event] + turn * rng.integers(1, 4, len(event)), _chronic(len(doctor), rng)[event]
    )
    rows, names = np.arange(len(visits)), catalogue().rows("银杏叶片 复方丹参滴丸 六味地黄丸 阿托伐他汀钙片 甲钴胺片")
    first = rng.integers(0, len(names), len(doctor))[event]
    visits.add(rows, names[first], 7)
    visits.add(rows, names[(first + 1) % len(names)], 7)
    some = rows[rng.random(len(rows)) < 0.3]
    visits.add(some, names[(first[some] + 2) % len(names)], 7)
    visits.scheme[:] = NAMES.index("ghost")
    return visits


def _splits(scene: Scene, rng: np.random.Generator) -> Visits:
    """Prescribers who split what belongs on one prescription into several of one day."""
    doctor = _events(scene.city.doctors_in("split", scene.block), "split", rng)
    person = rng.integers(0, len(scene.people.born), len(doctor))
    begin = _days(scene, len(doctor), rng)
    parts = np.repeat(np.arange(len(doctor)), rng.integers(2, 4, len(doctor)))
    turn = np.arange(len(parts)) - np.searchsorted(parts, parts)
    disease = _chronic(len(parts), rng)
    visits = Visits.new(person[parts], doctor[parts], begin[parts] + turn * rng.integers(2, 9, len(parts)), disease)
    write_usual(scene, visits, np.full(len(visits), 7), scene.stream(WRITING, 13))
    visits.scheme[:] = NAMES.index("split")
    return visits


def _kickbacks(scene: Scene, rng: np.random.Generator) -> Visits:
    """Prescribers paid for one product: no single prescription shows it, the habit does."""
    doctor = _events(scene.city.doctors_in("kickback", scene.block), "kickback", rng)
    person = rng.integers(0, len(scene.people.born), len(doctor))
    fats = disease_row("E78")
    visits = Visits.new(person, doctor, _days(scene, len(doctor), rng), fats)
    write_usual(scene, visits, np.full(len(visits), 7), scene.stream(WRITING, 14))
    visits.add(np.arange(len(visits)), np.full(len(visits), catalogue().row["依折麦布片"]), 10)
    visits.scheme[:] = NAMES.index("kickback")
    return visits
