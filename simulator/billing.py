"""From visits to fee lines and settlements, as arrays: what was charged, reversed and charged again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.calendar import DAY
from simulator.catalogue import Array, catalogue, is_disease, parameters
from simulator.coming import Scene
from simulator.dispensing import charge_another, dispensed, rounded
from simulator.refunds import reverse
from simulator.streams import BILLS, DISPENSING, REFUNDS
from simulator.traces import sell_returned, trace
from simulator.visits import ORDINARY, SCHEMES, STAY, Visits

Columns = dict[str, Array]
#: Service items: code, name, charge type, price in fen.
SERVICES = (
    ("250101015", "血细胞分析", "04", 2000),
    ("250305001", "C反应蛋白测定", "04", 2500),
    ("110200001", "普通门诊诊察费", "05", 1500),
    ("311000010", "血液透析", "05", 40000),
)
#: Names under which goods were charged as drugs; ``own_name`` of a line counts them first, trade names after them.
SWAPPED = ("蜂蜜", "保健食品组合", "洗化用品", "红枣阿胶糕")
_LINE_SERVICE, _LINE_TWIN, _LINE_WARD = 50, 90, 80
#: From this line number on lines charge the first one again.
FIRST_AGAIN = _LINE_WARD


@dataclass(frozen=True)
class Bill:
    """The visits of a block's quarter with all their rows. Grain of each member: its table's.

    ``lines``: settle (row of ``settled``), visit, number, drug or service (-1 = neither), cnt, price (1/10,000 yuan),
    amount and scope (fen), minute... ``settled``: visit, suffix, sums in fen. ``lost``: reversed as a whole and
    not charged again.
    """

    visits: Visits
    lines: Columns
    settled: Columns
    traces: Columns
    lost: Array


def take(columns: Columns, rows: Array) -> Columns:
    """The same columns at these rows."""
    return {name: values[rows] for name, values in columns.items()}


def join(*parts: Columns) -> Columns:
    """The rows of all parts, one part after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def bill(scene: Scene, visits: Visits) -> Bill:
    """Bill the visits. Sets ``pharmacy`` of what is dispensed outside, and ``scheme`` of what is billed wrongly."""
    rng = scene.stream(BILLS)
    visits = visits.in_time()
    _send_outside(scene, visits, rng)
    seller = np.where(visits.pharmacy >= 0, visits.pharmacy, scene.doctor_column("place", visits.doctor))
    lines = dispensed(scene, visits, seller)
    _use_trade_names(scene, visits, lines, seller, rng)
    lines = _charge_on_wards(scene, visits, lines, rng)
    if not scene.city.clean:
        lines = _charge_wrongly(scene, visits, lines, seller, rng)
    lines = join(lines, _service_lines(scene, visits, rng))
    lines = take(lines, np.argsort(lines["visit"].astype(np.int64) * 128 + lines["number"], kind="stable"))
    settled = _settle(scene, visits, rng)
    traces = trace(scene, visits, lines)
    lines, settled, traces, lost = reverse(visits, lines, settled, traces, scene.stream(REFUNDS))
    reversal = settled["suffix"] == ord("R")
    back = np.zeros(len(visits), dtype=np.int32)
    back[settled["visit"][reversal]] = settled["time"][reversal]
    sell_returned(visits, lines, traces, lost, back)
    _sum(scene, visits, lines, settled)
    return Bill(visits, lines, settled, traces, lost)


def _send_outside(scene: Scene, visits: Visits, rng: np.random.Generator) -> None:
    """Some outpatient prescriptions go to a pharmacy; those of a collusion have theirs already."""
    shares = parameters()["settlement"]["external_share"]
    kind = scene.place_column("inst_class", visits.doctor)
    share = np.select([kind == name for name in shares], list(shares.values()), 0.0)
    rows = np.flatnonzero((rng.random(len(visits)) < share) & (visits.med == ORDINARY) & (visits.pharmacy < 0))
    area = scene.people.area[visits.person[rows]]
    visits.pharmacy[rows] = scene.choosing.pharmacies(area, rng.random(len(rows)))


def _use_trade_names(scene: Scene, visits: Visits, lines: Columns, seller: Array, rng: np.random.Generator) -> None:
    """Some places charge a drug under its trade name, which shares no character with the listed one."""
    named = np.array([len(SWAPPED) + number if trade else -1 for number, trade in enumerate(catalogue().trade)])
    place = scene.city.places["trade_names"][seller[lines["visit"]]]
    used = place & (rng.random(len(place)) < parameters()["settlement"]["trade_name_share"]) & (named[lines["drug"]] >= 0)
    lines["own_name"][used] = named[lines["drug"][used]]
    visits.mark(np.unique(lines["visit"][used]), "trade_name")


def _charge_on_wards(scene: Scene, visits: Visits, lines: Columns, rng: np.random.Generator) -> Columns:
    """Inpatients are charged a drug day by day: the same line again, as if charged twice."""
    late = visits.when >= (scene.calendar.days - 2) * DAY
    again = (visits.med == STAY) & (rng.random(len(visits)) < parameters()["settlement"]["ward_share"]) & ~late
    ward = take(lines, np.flatnonzero((lines["number"] == 0) & again[lines["visit"]]))
    ward["number"][:] = _LINE_WARD
    ward["minute"] = ward["minute"] + DAY
    visits.mark(again, "ward_line")
    return join(lines, ward)


def _charge_wrongly(scene: Scene, visits: Visits, lines: Columns, seller: Array, rng: np.random.Generator) -> Columns:
    """Institutions that charge goods or one drug as another, or a drug twice: marks the visits, returns the changed lines."""
    place, marks = scene.place_column("scheme", visits.doctor), parameters()["schemes"]
    draw, own = rng.random(len(visits)), (visits.scheme == 0) & (visits.pharmacy < 0)
    swap = own & (place == "substitution") & (draw < marks["substitution"]["share"])
    twice = own & (place == "double_charge") & (draw < marks["double_charge"]["share"])
    visits.scheme[swap] = SCHEMES.index("substitution")
    visits.scheme[twice] = SCHEMES.index("double_charge")
    first = lines["number"] == 0
    changed = np.flatnonzero(first & swap[lines["visit"]])
    lines["own_name"][changed] = rng.integers(0, len(SWAPPED), len(changed))
    named = scene.stream(DISPENSING, 2).random(len(changed)) >= marks["substitution"]["other_product"]
    charge_another(scene, visits, seller, lines, changed[~named])
    twin = take(lines, np.flatnonzero(first & twice[lines["visit"]]))
    twin["number"][:] = _LINE_TWIN
    twin["minute"] = twin["minute"] + 1
    return join(lines, twin)


def _service_lines(scene: Scene, visits: Visits, rng: np.random.Generator) -> Columns:
    """Consultation, blood tests and dialysis; nothing of the kind at pharmacies."""
    shares = parameters()["settlement"]["consultation"]
    kind, inside = scene.place_column("inst_class", visits.doctor), visits.pharmacy < 0
    share = np.select([kind == name for name in shares], list(shares.values()), 0.0)
    dialysis = is_disease("N18")[visits.disease] & inside
    seen = inside & (rng.random(len(visits)) < share) & ~dialysis
    charged = (visits.tested & inside, visits.tested & inside, seen, dialysis)
    visit, service = np.nonzero(np.column_stack(charged))
    fen = np.array([entry[3] for entry in SERVICES], dtype=np.int64)[service]
    nothing, one = np.zeros(len(visit), dtype=np.int64), np.ones(len(visit), dtype=np.int64)
    return {
        "visit": visit.astype(np.int32),
        "number": (_LINE_SERVICE + service).astype(np.int16),
        "drug": (nothing - 1).astype(np.int16),
        "service": service.astype(np.int16),
        "cnt": one,
        "price": fen * 100,
        "amount": fen,
        "scope": fen,
        "minute": visits.when[visit] + np.where(service == 3, 10, -5).astype(np.int32),
        "days": nothing.astype(np.int16),
        "times": nothing.astype(np.int8),
        "dose": nothing,
        "own_name": (nothing - 1).astype(np.int16),
    }


def _settle(scene: Scene, visits: Visits, rng: np.random.Generator) -> Columns:
    """One settlement a visit; inpatient stays end within their quarter."""
    size = len(visits)
    stay = rng.integers(3, 9, size) * DAY
    end = np.minimum(visits.when + np.where(visits.med == STAY, stay, 25), scene.calendar.days * DAY - 1)
    return {
        "visit": np.arange(size, dtype=np.int32),
        "suffix": np.zeros(size, dtype=np.uint8),
        "begin": visits.when - 20,
        "end": end.astype(np.int32),
        "time": end.astype(np.int32),
    }


def _sum(scene: Scene, visits: Visits, lines: Columns, settled: Columns) -> None:
    """Sums of each settlement in fen, from its lines; refunds are the negative of what they reverse."""
    size = len(settled["visit"])

    def total(values: Array) -> Array:
        # Whole numbers below 2^53 stay exact as floating point.
        return np.asarray(np.bincount(lines["settle"], weights=np.abs(values), minlength=size)).astype(np.int64)

    self_paid = (catalogue().drug["chrgitm_lv"] == "03").to_numpy()[lines["drug"]] & (lines["drug"] >= 0)
    amount, scope = total(lines["amount"]), total(lines["scope"])
    employed = scene.people.employed[visits.person[settled["visit"]]]
    shares = parameters()["settlement"]["fund_share"]
    percent = np.where(employed, round(100 * shares["310"]), round(100 * shares["390"]))
    fund = rounded(scope * percent, 100)
    account = np.where(employed, rounded(amount - fund, 2), 0)
    sign = np.where(settled["suffix"] == ord("R"), -1, 1)
    settled["total"], settled["scope"], settled["fund"] = sign * amount, sign * scope, sign * fund
    settled["own"] = sign * total(np.where(self_paid, lines["amount"], 0))
    settled["account"], settled["cash"] = sign * account, sign * (amount - fund - account)
