"""Which prescriber and which pharmacy a person of a block goes to: near rather than far, by department and weight."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, diseases, parameters
from simulator.places import AREAS, City

#: Classes of primary care; what many see a specialist for, others see their general practice for.
_PRIMARY = ("20", "21", "30", "40")


class Choosing:
    """Prescribers and pharmacies as the persons of one block see them."""

    def __init__(self, city: City, block: int) -> None:
        doctors, places = city.doctors, city.places
        at = doctors["place"]
        self._areas = np.searchsorted(AREAS, places["admdvs"].astype(str))
        serves = places["block"]
        # A place for the whole city gives a block its share of what it can do.
        reach = np.where(serves == block, 1.0, np.where(serves == -1, 1 / city.blocks, 0.0))
        self._weight = (places["visit_weight"] * reach)[at] * doctors["busy"]
        self._area = self._areas[at]
        self._listed, self._departments = city.departments
        self._primary = np.isin(places["inst_class"].astype(str), _PRIMARY)[at]
        self._names = ["", *sorted({disease["dept"] for disease in diseases()})]
        self._share = np.array([float(disease["primary"]) for disease in diseases()])
        self.department = np.array([self._names.index(disease["dept"]) for disease in diseases()])
        self._known: dict[int, tuple[Array, Array]] = {}
        self._pharmacies = np.flatnonzero((places["fixmedins_type"] == "2") & (serves == block))
        if not len(self._pharmacies):
            self._pharmacies = np.flatnonzero(places["fixmedins_type"] == "2")

    def doctors(self, disease: Array, area: Array, chance: Array) -> Array:
        """A prescriber for each visit: row of the practitioners. ``chance``: uniform draws that decide.

        The last digits of a draw decide between primary care and the department, the whole of it who it is; so a
        person's own draw leads to the same prescriber every time.
        """
        department = np.where(chance * 1e6 % 1 < self._share[disease], 0, self.department[disease])
        key = department * len(AREAS) + area
        found = np.zeros(len(key), dtype=np.int32)
        for one in np.unique(key):
            rows = np.flatnonzero(key == one)
            able, steps = self._choice(int(one))
            found[rows] = able[np.searchsorted(steps[:-1], chance[rows], side="right")]
        return found

    def pharmacies(self, area: Array, chance: Array) -> Array:
        """A pharmacy for each visit: row of the institutions."""
        found = np.zeros(len(area), dtype=np.int32)
        for one in np.unique(area):
            rows = np.flatnonzero(area == one)
            near = np.where(self._areas[self._pharmacies] == one, parameters()["places"]["distance"], 1.0)
            steps = np.cumsum(near) / near.sum()
            found[rows] = self._pharmacies[np.searchsorted(steps[:-1], chance[rows], side="right")]
        return found

    def _choice(self, key: int) -> tuple[Array, Array]:
        if key not in self._known:
            department, area = self._names[key // len(AREAS)], key % len(AREAS)
            fits = self._works_in(department) if department else self._primary
            if not (fits & (self._weight > 0)).any() or department == "全科":
                fits = self._works_in("全科") | self._works_in("内科")
            able = np.flatnonzero(fits & (self._weight > 0))
            near = np.where(self._area[able] == area, parameters()["places"]["distance"], 1.0) * self._weight[able]
            self._known[key] = able, np.cumsum(near) / near.sum()
        return self._known[key]

    def _works_in(self, department: str) -> Array:
        if department not in self._listed:
            return np.zeros(len(self._departments), dtype=bool)
        return np.asarray(self._departments == self._listed.index(department))
