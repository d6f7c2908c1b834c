"""From prescribed lines to what is handed out and charged: mostly the same, sometimes another product, sometimes nothing."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, catalogue, parameters
from simulator.coming import Scene
from simulator.streams import DISPENSING
from simulator.visits import Visits

Columns = dict[str, Array]
#: What is charged by those who charge another drug than they hand out: sold easily, and asked about by nobody.
_CHARGED = "银杏叶片 复方丹参滴丸 六味地黄丸 碳酸钙D3片 骨化三醇胶丸 甲钴胺片 艾司奥美拉唑镁肠溶片 阿托伐他汀钙片（原研）"
_SHARE = {"01": 100, "02": 90, "03": 0}


def rounded(fraction: Array, of: int) -> Array:
    """Whole numbers divided by ``of``, half up; for amounts that are not negative."""
    return np.asarray((fraction + of // 2) // of)


def regimen(visits: Visits, visit: Array, slot: Array, item: Array) -> Columns:
    """How a drug is taken in the place of a prescribed line: packs, days, times a day, single dose (1/10,000 of its unit)."""
    drug, days = catalogue(), visits.days[visit, slot]
    units = drug.units[item] * visits.factor[visit, slot]
    times = np.where(drug.piece[item] | (units <= 1), 1, np.where(units <= 2, 2, 3))
    return {
        "cnt": np.maximum(1, np.ceil(units * days / drug.pack[item] - 1e-6)).astype(np.int64),
        "days": days.astype(np.int16),
        "times": times.astype(np.int8),
        "dose": np.round(units * drug.strength[item] / times * 10_000).astype(np.int64),
    }


def charged(scene: Scene, visits: Visits, seller: Array, at: tuple[Array, Array], item: Array) -> Columns:
    """Fee lines of drugs that are charged for prescribed lines (``at``: visit and slot), at the seller's prices."""
    (visit, slot), drug = at, catalogue()
    taken = regimen(visits, visit, slot, item)
    price = np.maximum(np.round(drug.price[item] * scene.city.places["price"][seller[visit]]), 100).astype(np.int64)
    amount = rounded(taken["cnt"] * price, 100)
    share = np.array([_SHARE[level] for level in drug.drug["chrgitm_lv"]])[item]
    return {
        "visit": visit.astype(np.int32),
        "number": slot.astype(np.int16),
        "drug": item.astype(np.int16),
        "service": np.full(len(visit), -1, dtype=np.int16),
        **taken,
        "price": price,
        "amount": amount,
        "scope": rounded(amount * share, 100),
        "minute": visits.when[visit] + 6,
        "own_name": np.full(len(visit), -1, dtype=np.int16),
    }


def dispensed(scene: Scene, visits: Visits, seller: Array) -> Columns:
    """Fee lines of what was handed out, numbered as prescribed.

    Some lines never are; of some drugs another maker's product is, which looks like a substitution where the prescribed
    lines are known: marks those prescriptions as innocent.
    """
    rng, marks, drug = scene.stream(DISPENSING), parameters()["dispensing"], catalogue()
    visit, slot = np.nonzero(visits.drugs >= 0)
    item = visits.drugs[visit, slot]
    draw = rng.random((2, len(visit)))
    handed = (slot == 0) | drug.piece[item] | (draw[0] >= marks["not_dispensed"])
    other = handed & (drug.stand_in[item] >= 0) & (draw[1] < marks["out_of_stock"])
    known = scene.place_column("sends_lines", visits.doctor)
    visits.mark(np.unique(visit[other & known[visit]]), "out_of_stock")
    item = np.where(other, drug.stand_in[item], item)
    return charged(scene, visits, seller, (visit[handed], slot[handed]), item[handed])


def charge_another(scene: Scene, visits: Visits, seller: Array, lines: Columns, rows: Array) -> None:
    """Charge another drug than was prescribed at these rows of the fee lines; a decoction's lines stay what they are."""
    rows = rows[~catalogue().piece[lines["drug"][rows]]]
    names, visit = catalogue().rows(_CHARGED), lines["visit"][rows]
    order = (scene.stream(DISPENSING, 1).integers(0, len(names), len(rows))[:, None] + np.arange(len(names))) % len(names)
    written = (visits.drugs[visit][:, :, None] == names[order][:, None, :]).any(axis=1)
    item = names[order[np.arange(len(rows)), written.argmin(axis=1)]]
    for name, values in charged(scene, visits, seller, (visit, lines["number"][rows]), item).items():
        lines[name][rows] = values
