"""Which prescriber and which pharmacy a person of a block goes to: near rather than far, by department and weight."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, diseases, parameters
from simulator.places import AREAS, City


class Choosing:
    """Prescribers and pharmacies as the persons of one block see them."""

    def __init__(self, city: City, block: int) -> None:
        doctors, places = city.practitioner, city.institution
        at = doctors["place"].to_numpy()
        self._areas = np.searchsorted(AREAS, places["admdvs"].to_numpy())
        serves = places["block"].to_numpy()
        # A place for the whole city gives a block its share of what it can do.
        reach = np.where(serves == block, 1.0, np.where(serves == -1, 1 / city.blocks, 0.0))
        self._weight = (places["visit_weight"].to_numpy() * reach)[at] * doctors["busy"].to_numpy()
        self._area = self._areas[at]
        self._departments = doctors["dept_name"].to_numpy()
        self._names = sorted({disease["dept"] for disease in diseases()})
        self.department = np.array([self._names.index(disease["dept"]) for disease in diseases()])
        self._known: dict[int, tuple[Array, Array]] = {}
        self._pharmacies = np.flatnonzero((places["fixmedins_type"].to_numpy() == "2") & (serves == block))
        if not len(self._pharmacies):
            self._pharmacies = np.flatnonzero(places["fixmedins_type"].to_numpy() == "2")

    def doctors(self, disease: Array, area: Array, chance: Array) -> Array:
        """A prescriber for each visit: row of the practitioners. ``chance``: uniform draws that decide."""
        key = self.department[disease] * len(AREAS) + area
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
            fits = (self._departments == department) & (self._weight > 0)
            if not fits.any() or department == "全科":
                fits = np.isin(self._departments, ["全科", "内科"])
            near = np.where(self._area == area, parameters()["places"]["distance"], 1.0) * self._weight * fits
            able = np.flatnonzero(near)
            self._known[key] = able, np.cumsum(near[able]) / near[able].sum()
        return self._known[key]
