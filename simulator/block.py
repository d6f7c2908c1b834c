"""One block of persons in one quarter: drawn, billed, judged and turned into tables. Nothing of it needs another block."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.billing import bill
from simulator.calendar import Calendar
from simulator.catalogue import Array
from simulator.choosing import Choosing
from simulator.coming import Scene, ordinary_visits
from simulator.faults import Fault, spoil_lines, spoil_settlement
from simulator.kinds import misconduct
from simulator.line_rows import fee_lines, prescribed_lines, trace_rows
from simulator.people import people_of
from simulator.places import City
from simulator.rows import Rows
from simulator.schemes import scheme_visits
from simulator.truth import Truth, judge, truth_rows
from simulator.visits import Visits

#: A moment before and after everything, in minutes of a quarter.
ALWAYS = (-(2**30), 2**30)


@dataclass(frozen=True)
class Active:
    """Who has a prescription in a block's quarter: persons with the number of their scheme, rows of prescribers and places."""

    persons: Array
    scheme: Array
    doctors: Array
    places: Array


@dataclass(eq=False)
class Block:
    """A block's quarter. ``tables``: the contract's by name; ``truth_table``: its rows of the truth."""

    number: int
    tables: dict[str, Any]
    truth_table: Any
    truth: Truth
    faults: list[Fault]
    active: Active

    @property
    def prescriptions(self) -> int:
        """Number of prescriptions in the window."""
        return len(self.tables["prescription"])


def scene_of(city: City, calendar: Calendar, block: int) -> Scene:
    """What a block's quarter is drawn from."""
    return Scene(city, block, calendar, people_of(city, block), Choosing(city, block))


def draw(city: City, calendar: Calendar, number: int, window: tuple[int, int] = ALWAYS) -> Block:
    """Draw a block's quarter. ``window``: minutes [begin, end) of the quarter of which the tables are to tell."""
    scene = scene_of(city, calendar, number)
    visits = ordinary_visits(scene)
    if not city.clean:
        visits = Visits.join([visits, *scheme_visits(scene)])
        misconduct(scene, visits)
    billed = bill(scene, visits)
    truth = judge(scene, billed)
    rows = Rows(scene, billed, *window)
    tables = {
        "prescription": rows.prescriptions(),
        "prescription_line": prescribed_lines(rows),
        "diagnosis": rows.diagnoses(),
        "settlement": rows.settlements(),
        "fee_line": fee_lines(rows),
        "drug_trace": trace_rows(rows),
    }
    faults: list[Fault] = []
    if not city.clean:
        tables["fee_line"], faults = spoil_lines(scene, tables["fee_line"])
        tables["settlement"], more = spoil_settlement(scene, tables["settlement"])
        faults = faults + more
    return Block(number, tables, truth_rows(rows, truth), truth, faults, _active(scene, billed.visits))


def _active(scene: Scene, visits: Visits) -> Active:
    persons = np.unique(visits.person)
    scheme = scene.people.known_scheme(scene.calendar.first + scene.calendar.days)
    inside = scene.doctor_column("place", visits.doctor[visits.pharmacy < 0])
    places = np.union1d(inside, visits.pharmacy[visits.pharmacy >= 0])
    return Active(scene.people.number[persons], scheme[persons], np.unique(visits.doctor), places)


def draw_all(city: City, calendar: Calendar, window: tuple[int, int] = ALWAYS, threads: int = 2) -> Iterator[Block]:
    """The blocks of a quarter in order. At most ``threads`` are being drawn or wait beside the one in hand."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[Block]] = []
        for number in range(city.blocks):
            waiting.append(pool.submit(draw, city, calendar, number, window))
            if len(waiting) >= threads:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
