"""Who comes in a quarter with nothing to hide: refills, acute illness, dialysis, nursing homes, twins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator import people as folk
from simulator.calendar import DAY, Calendar
from simulator.catalogue import Array, catalogue, disease_row, diseases, is_disease, parameters, steps_by_age
from simulator.choosing import Choosing
from simulator.people import People
from simulator.places import City
from simulator.streams import VISITS, WRITING, pick, stream
from simulator.visits import CHRONIC, EMERGENCY, STAY, Visits
from simulator.writing import left, settle, usual_lines, within_rights


@dataclass(frozen=True)
class Scene:
    """What the visits of one block in one quarter are drawn from."""

    city: City
    block: int
    calendar: Calendar
    people: People
    choosing: Choosing

    def stream(self, purpose: int, *numbers: int) -> np.random.Generator:
        """The block's own stream of the quarter for a purpose."""
        return stream(self.city.seed, purpose, self.calendar.index, self.block, *numbers)

    def doctor_column(self, name: str, doctor: Array) -> Array:
        """A column of the practitioners for each visit."""
        found: Array = self.city.doctors[name][doctor]
        return found

    def place_column(self, name: str, doctor: Array) -> Array:
        """A column of the prescribers' institutions for each visit."""
        found: Array = self.city.places[name][self.doctor_column("place", doctor)]
        return found


def ordinary_visits(scene: Scene) -> Visits:
    """All honest visits of the block, as its doctors usually write them; who has died does not come."""
    rng = scene.stream(VISITS)
    parts = [_refills(scene, rng), _acute(scene, rng), _dialysis(scene, rng), _rounds(scene, rng)]
    found = Visits.join([*parts, _twins(scene, parts[1], rng), _follow_ups(scene, parts[1], rng)])
    today = scene.calendar.first + found.when // DAY
    found.mark(today > scene.people.recorded[found.person], "death_recorded_early")
    found.mark((found.med == CHRONIC) & scene.people.lapsed(found.person, today), "late_renewal")
    alive = (today <= scene.people.died[found.person]) & (today > scene.people.born[found.person])
    return found.take(alive)


def write_usual(scene: Scene, visits: Visits, days: Array, rng: np.random.Generator) -> Visits:
    """Write what is usual for the disease and, for some, the second one; within the prescriber's rights."""
    drug, rows = catalogue(), np.arange(len(visits))
    cost = scene.doctor_column("cost_habit", visits.doctor)
    drugs, lines = usual_lines(visits.disease, days, cost, rng)
    second = drug.usual[np.maximum(visits.other, 0), 0]
    also = (visits.other >= 0) & (rng.random(len(visits)) < 0.5) & ~drug.piece[drugs[:, 0]] & ~drug.piece[second]
    wide = np.column_stack([drugs, np.where(also, second, -1)])
    drugs, lines = settle(left(wide), days)
    tier, narcotic = (scene.doctor_column(name, visits.doctor) for name in ("abx_tier", "narcotic_flag"))
    drugs, lines = within_rights(drugs, lines, tier, narcotic == 1)
    visits.write(rows, drugs, lines)
    return visits


def _usual_or_other(scene: Scene, person: Array, disease: Array, rng: np.random.Generator) -> Array:
    # The same person mostly goes to the same doctor, in every quarter.
    own = rng.random(len(person)) < parameters()["people"]["usual_doctor"]
    chance = np.where(own, scene.people.usual[person], rng.random(len(person)))
    return scene.choosing.doctors(disease, scene.people.area[person], chance)


def _refills(scene: Scene, rng: np.random.Generator) -> Visits:
    people, marks, calendar = scene.people, parameters()["people"], scene.calendar
    who = np.flatnonzero((people.disease >= 0) & np.isin(people.role, [folk.ORDINARY, folk.TWIN]))
    step = people.rhythm[who]
    due = (people.phase[who] - calendar.first) % step
    day = due[:, None] + step[:, None] * np.arange(5) - rng.integers(0, 4, (len(who), 5))
    kept = (day >= 0) & (day < calendar.days) & (rng.random(day.shape) < marks["attends"])
    at, turn = np.nonzero(kept)
    person = who[at]
    disease = people.disease[person]
    visits = Visits.new(person, _usual_or_other(scene, person, disease, rng), calendar.minutes(day[at, turn], rng), disease)
    visits.other = people.second[person].copy()
    registered = people.registered[person]
    choices = np.array([int(days) for days in marks["days_other"]])
    days = np.where(registered, step[at], choices[pick(rng, marks["days_other"], len(visits))])
    _allow(scene, visits, days, rng)
    return write_usual(scene, visits, days, scene.stream(WRITING, 0))


def _allow(scene: Scene, visits: Visits, days: Array, rng: np.random.Generator) -> None:
    """Medical category, long-term mark and written reason of chronic prescriptions."""
    registered = scene.people.registered[visits.person]
    visits.med[registered] = CHRONIC
    visits.long_rx = registered | (days >= 28)
    reason = np.where(rng.random(len(visits)) < 0.6, 1, rng.integers(2, 6, len(visits)))
    written = ~registered & (days > 7) & (rng.random(len(visits)) < parameters()["people"]["reason_written"])
    visits.reason = np.where(written, reason, 0).astype(np.int8)


def _acute(scene: Scene, rng: np.random.Generator) -> Visits:
    people, calendar = scene.people, scene.calendar
    age = people.age(calendar.first + calendar.days // 2)
    decade = np.clip(age // 10, 0, 9).astype(int)
    lift = 1 + parameters()["people"]["acute_season"] * (float(np.mean(calendar.season[1:4])) - 1)
    rate = np.array(parameters()["people"]["acute_by_age"])[decade] * lift
    person = np.repeat(np.arange(len(age)), rng.poisson(rate))
    steps = steps_by_age(False, calendar.season)[np.clip(age[person], 0, 99).astype(int), people.female[person].astype(int)]
    disease = np.minimum((rng.random(len(person))[:, None] > steps).sum(axis=1), len(diseases()) - 1)
    airways = is_disease("J06", "J11", "J20")[disease]
    chance = rng.random(len(person))
    day = np.where(airways, np.searchsorted(calendar.steps(True)[:-1], chance, side="right"),
                   np.searchsorted(calendar.steps(False)[:-1], chance, side="right"))  # fmt: skip
    doctor = scene.choosing.doctors(disease, people.area[person], rng.random(len(person)))
    visits = Visits.new(person, doctor, calendar.minutes(day, rng), disease)
    own = people.disease[person]
    visits.other = np.where((own >= 0) & (own != disease), own, -1).astype(np.int8)
    days = np.array([3, 5, 7, 7])[rng.integers(0, 4, len(visits))]
    marks, draw = parameters()["settlement"], rng.random(len(visits))
    big = np.isin(scene.place_column("inst_class", doctor), ["10", "50"])
    visits.med[big & (draw < marks["emergency_share"])] = EMERGENCY
    visits.med[big & (draw > 1 - marks["inpatient_share"])] = STAY
    days[visits.med == EMERGENCY] = 3
    visits.tested = rng.random(len(visits)) < marks["tested_share"] * np.where(airways | big, 1.6, 0.5)
    begin, end = calendar.epidemic
    visits.mark(airways & (day >= begin) & (day < end), "epidemic")
    kept, visits.other = visits.other, np.full(len(visits), -1, dtype=np.int8)
    found = write_usual(scene, visits, days, scene.stream(WRITING, 1))
    found.other = kept
    return found


def _dialysis(scene: Scene, rng: np.random.Generator) -> Visits:
    """Three fixed days a week, at one place and hour; heparin each time, the rest once a week."""
    people, calendar, drug = scene.people, scene.calendar, catalogue()
    who = np.flatnonzero(people.role == folk.DIALYSIS)
    weekday = (calendar.first + np.arange(calendar.days) + 3) % 7
    days = np.where((who % 2 == 0)[:, None], np.isin(weekday, [0, 2, 4]), np.isin(weekday, [1, 3, 5]))
    at, day = np.nonzero(days & (rng.random(days.shape) < 0.97))
    person = who[at]
    disease = people.disease[person]
    doctor = scene.choosing.doctors(disease, people.area[person], people.usual[person])
    hour = np.where(people.phase[person] % 3 == 0, 13, 7) * 60
    visits = Visits.new(person, doctor, day * DAY + hour + rng.integers(0, 12, len(person)), disease)
    visits.med[:] = CHRONIC
    rows = np.arange(len(visits))
    visits.add(rows, np.full(len(rows), drug.row["肝素钠注射液"]), 1)
    weekly = np.flatnonzero(np.isin(weekday[day], [0, 1]))
    visits.add(weekly, np.full(len(weekly), drug.row["重组人促红素注射液"]), 3)
    binder = weekly[people.phase[person[weekly]] % 2 == 0]
    visits.add(binder, np.full(len(binder), drug.row["碳酸司维拉姆片"]), 7)
    visits.mark(rows, "dialysis")
    return visits


def _rounds(scene: Scene, rng: np.random.Generator) -> Visits:
    """A doctor's rounds of nursing homes: all inmates within an hour, every four weeks."""
    people, calendar = scene.people, scene.calendar
    who = np.flatnonzero(people.role == folk.NURSING)
    who = who[np.argsort(people.group[who], kind="stable")]
    home = people.group[who]
    due = (home * 5 - calendar.first) % 28
    day = due[:, None] + 28 * np.arange(4)
    at, turn = np.nonzero((day < calendar.days) & (rng.random(day.shape) < 0.93))
    person = who[at]
    place = np.isin(people.disease[person], -1)
    general = disease_row("I10")
    # The doctor of a home is that of its first inmate, whatever each suffers from.
    first = who[np.searchsorted(home, home[at])]
    doctor = scene.choosing.doctors(np.full(len(person), general), people.area[first], people.usual[first])
    begin = day[at, turn] * DAY + 9 * 60 + (home[at] % 4) * 30
    minute = begin + 2 * (np.arange(len(home)) - np.searchsorted(home, home))[at]
    disease = np.where(place, general, people.disease[person])
    visits = Visits.new(person, doctor, minute, disease)
    visits.other = people.second[person].copy()
    _allow(scene, visits, np.full(len(visits), 28), rng)
    visits.mark(np.arange(len(visits)), "nursing_home")
    return write_usual(scene, visits, np.full(len(visits), 28), scene.stream(WRITING, 2))


def _twins(scene: Scene, acute: Visits, rng: np.random.Generator) -> Visits:
    """What one twin has the other has: the same doctor, minutes later, mostly the same drugs."""
    people = scene.people
    twins = np.flatnonzero(people.role == folk.TWIN)
    twins = twins[np.argsort(people.group[twins], kind="stable")]
    partner = np.full(len(people.born), -1, dtype=np.int32)
    partner[twins[0::2]], partner[twins[1::2]] = twins[1::2], twins[0::2]
    rows = np.flatnonzero((partner[acute.person] >= 0) & (rng.random(len(acute)) < 0.7))
    acute.mark(rows, "twins")
    copies = acute.take(rows)
    copies.person = partner[copies.person]
    copies.when = copies.when + rng.integers(1, 6, len(rows)).astype(np.int32)
    return copies


def _follow_ups(scene: Scene, acute: Visits, rng: np.random.Generator) -> Visits:
    """A second prescription of the same doctor on the same day, once the results of a test are there."""
    chosen = rng.random(len(acute)) < parameters()["people"]["follow_up"]
    rows = np.flatnonzero(chosen & (acute.when % DAY < 15 * 60) & (acute.med == 0))
    again = Visits.new(
        acute.person[rows], acute.doctor[rows], acute.when[rows] + rng.integers(15, 150, len(rows)), acute.disease[rows]
    )
    again.other = acute.other[rows].copy()
    acute.tested[rows] = True
    again.mark(np.arange(len(again)), "follow_up")
    acute.mark(rows, "follow_up")
    return write_usual(scene, again, np.full(len(again), 5), scene.stream(WRITING, 3))
