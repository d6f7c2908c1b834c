"""The persons of a block: age, illness, rhythm, death, groups they live in, and schemes. One draw a seed and block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from simulator.catalogue import Array, disease_row, diseases, parameters, steps_by_age
from simulator.places import AREAS, City
from simulator.streams import GROUPS, PEOPLE, RENEWALS, pick, stream

#: What a person is beyond an ordinary one.
ORDINARY, NURSING, TWIN, DIALYSIS = range(4)
#: Schemes of persons, as numbers; 0 = none.
PERSON_SCHEMES = ("", "resale", "impersonation", "gang", "collusion", "after_death")
NEVER = 2**30
#: First day of the oldest registrations of a chronic disease, and days from one renewal of a yearly one to the next.
REGISTERED_FROM, YEAR = date(2024, 1, 1), 365
# Who dies before this day may leave a card that others use; who does not may be in another scheme.
_LATER = 365 * 60


@dataclass
class People:
    """Persons of a block. Days count from 1970-01-01; ``disease`` and ``second`` are rows of the diseases, -1 = none.

    ``recorded`` is the day of death as the register has it, ``died`` the true one. ``group`` numbers the nursing home,
    pair of twins or gang within the block; ``usual`` picks the usual doctor. A registration ends and is renewed every
    year, first on day ``renewed``, and entered ``late`` days afterwards; 0 = it is open.
    """

    number: Array
    female: Array
    born: Array
    employed: Array
    area: Array
    elsewhere: Array
    disease: Array
    second: Array
    registered: Array
    renewed: Array
    late: Array
    rhythm: Array
    phase: Array
    died: Array
    recorded: Array
    usual: Array
    role: Array
    group: Array
    scheme: Array

    def age(self, day: int) -> Array:
        """Ages in years at a day; negative before birth."""
        return (day - self.born) / 365.25

    def lapsed(self, rows: Array, day: Array) -> Array:
        """Whether these persons' registration has ended by the register, and its renewal is not entered yet."""
        since = day - self.renewed[rows]
        found: Array = self.registered[rows] & (since >= 0) & (since % YEAR < self.late[rows])
        return found

    def known_scheme(self, day: int) -> Array:
        """The scheme of each person by a day: a card cannot outlive its holder before he dies."""
        early = (self.scheme == PERSON_SCHEMES.index("after_death")) & (self.died >= day)
        return np.where(early, 0, self.scheme)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def people_of(city: City, block: int) -> People:
    """The persons of a block, always the same ones."""
    marks, rng = parameters()["people"], stream(city.seed, PEOPLE, block)
    first = block * parameters()["block"]
    size = min(parameters()["block"], city.persons - first)
    pyramid = np.cumsum(marks["pyramid"]) / sum(marks["pyramid"])
    age = 5 * (np.searchsorted(pyramid[:-1], rng.random(size), side="right") + rng.random(size))
    whole, decade = np.minimum(age.astype(int), 99), np.minimum(age.astype(int) // 10, 9)
    reference = day_number(marks["reference"])
    female = rng.random(size) >= marks["male_share"]
    disease = _draw_disease(rng, whole, female)
    second = _draw_disease(rng, whole, female)
    chronic = rng.random(size) < np.array(marks["chronic_by_age"])[decade]
    has_second = chronic & (rng.random(size) < marks["second_disease"]) & (second != disease)
    listed = np.array([entry["opsp"] != "" for entry in diseases()])
    registered = chronic & listed[disease] & (rng.random(size) < marks["registered_share"])
    rhythms = np.array([int(days) for days in marks["rhythm_registered"]])
    first_rate, growth = marks["mortality"]
    hazard = first_rate * np.exp(growth * age)
    renewed, late = _renewals(stream(city.seed, RENEWALS, block), size)
    people = People(
        number=first + np.arange(size),
        female=female,
        born=(reference - age * 365.25).astype(np.int32),
        employed=rng.random(size) < np.array(marks["employed_by_age"])[decade],
        area=rng.integers(len(AREAS), size=size).astype(np.int8),
        elsewhere=rng.random(size) < marks["elsewhere_share"],
        disease=np.where(chronic, disease, -1).astype(np.int8),
        second=np.where(has_second, second, -1).astype(np.int8),
        registered=registered,
        renewed=renewed,
        late=late,
        rhythm=np.where(registered, rhythms[pick(rng, marks["rhythm_registered"], size)], marks["rhythm_other"]),
        phase=rng.integers(0, 84, size),
        died=day_number(marks["deaths_from"]) + (rng.exponential(size=size) / hazard * 365).astype(np.int64),
        recorded=np.zeros(size, dtype=np.int64),
        usual=rng.random(size),
        role=np.zeros(size, dtype=np.int8),
        group=np.full(size, -1, dtype=np.int32),
        scheme=np.zeros(size, dtype=np.int8),
    )
    people.died = np.minimum(people.died, NEVER)
    mistaken = (rng.random(size) < marks["death_recorded_early"]) & (not city.clean)
    early = rng.integers(2, marks["recorded_early_days"] + 1, size)
    people.recorded = people.died - np.where(mistaken, early, 0)
    _live_together(people, age, stream(city.seed, GROUPS, block))
    if not city.clean:
        _tempt(people, rng)
    return people


def _renewals(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """First day of renewal, and how many days late it is entered (0: never ends), as if everybody were registered."""
    marks = parameters()["people"]
    renewed = day_number(REGISTERED_FROM) + rng.integers(YEAR // 2, YEAR // 2 + YEAR, size)
    late = rng.integers(1, marks["late_days"] + 1, size)
    return renewed, np.where(rng.random(size) < marks["late_renewal"], late, 0)


def _draw_disease(rng: np.random.Generator, age: Array, female: Array) -> Array:
    steps = steps_by_age(chronic=True)[age, female.astype(int)]
    drawn: Array = (rng.random(len(age))[:, None] > steps).sum(axis=1)
    return np.minimum(drawn, len(diseases()) - 1)


def _live_together(people: People, age: Array, rng: np.random.Generator) -> None:
    """Nursing homes, twins and persons on dialysis: they come together or all the time, and have nothing to hide."""
    marks = parameters()["people"]
    old = rng.permutation(np.flatnonzero(age >= 75))
    homes = -(-round(len(old) * marks["nursing_share"]) // marks["nursing_home"])
    inmates = old[: homes * marks["nursing_home"]]
    people.role[inmates] = NURSING
    people.group[inmates] = np.arange(len(inmates)) // marks["nursing_home"]
    pressure = disease_row("I10")
    people.disease[inmates] = np.where(people.disease[inmates] < 0, pressure, people.disease[inmates])
    people.area[inmates] = people.group[inmates] % len(AREAS)
    young = rng.permutation(np.flatnonzero((age < 14) & (age > 1)))
    pairs = max(1, round(len(young) * marks["twin_share"] / 2))
    first, second = young[: 2 * pairs : 2], young[1 : 2 * pairs : 2]
    first = first[: len(second)]
    for twins in (first, second):
        people.role[twins] = TWIN
        people.group[twins] = np.arange(len(twins))
    people.born[second], people.area[second] = people.born[first], people.area[first]
    grown = rng.permutation(np.flatnonzero((age > 30) & (age < 80) & (people.role == ORDINARY)))
    treated = grown[: max(1, round(len(people.born) * marks["dialysis_share"]))]
    people.role[treated] = DIALYSIS
    people.disease[treated] = disease_row("N18")
    people.registered[treated] = True
    people.died[treated] = people.recorded[treated] = NEVER


def _tempt(people: People, rng: np.random.Generator) -> None:
    """Draw who is in a scheme. Gangs are of five; the dead's cards are used by those they leave."""
    marks, size = parameters()["schemes"], len(people.born)
    order, at = rng.permutation(np.flatnonzero((people.role == ORDINARY) & (people.died > _LATER))), 0
    for number, name in enumerate(PERSON_SCHEMES):
        if name and "persons" in marks[name]:
            share = max(5 if name == "gang" else 2, round(size * marks[name]["persons"]))
            chosen = order[at : at + share]
            people.scheme[chosen] = number
            if name == "gang":
                people.group[chosen] = np.arange(len(chosen)) // 5
            at += share
    left = (people.died <= _LATER) & (rng.random(size) < marks["after_death"]["dead"])
    people.scheme[left & (people.role == ORDINARY) & (people.scheme == 0)] = PERSON_SCHEMES.index("after_death")
