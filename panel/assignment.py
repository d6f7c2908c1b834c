"""Who judges what: unlike professions on a case, none with a tie to it, fitting specialties, loads in balance.

A greedy rule that can be told in a sentence: in the order of the cases' numbers, each place goes to the expert with
the least load, a fitting specialty counting as some cases less, another profession than those already there first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from panel import specialties
from panel.rules import PanelRules


@dataclass(frozen=True)
class Need:
    """A case that waits for experts.

    ``places`` = codes whose people must recuse; ``fits`` = specialties; ``have`` = experts who are on it already;
    ``barred`` = who may not be, besides.
    """

    case_id: str
    wanted: int
    places: frozenset[str]
    fits: frozenset[str]
    have: tuple[str, ...] = ()
    barred: frozenset[str] = frozenset()


def places_of(payload: dict[str, Any], rules: PanelRules) -> frozenset[str]:
    """Codes that an expert must have no tie to: institution, prescriber, and the consortium where the rules say so."""
    sealed = payload.get("sealed", {})
    codes = {sealed.get("fixmedins_code"), sealed.get("dr_codg")}
    if rules.recuse_consortium:
        codes.update(str(sealed.get("consortium") or "").split())
    return frozenset(code for code in codes if code)


def ties_of(who: Any) -> frozenset[str]:
    """Codes an expert is tied to: own and former institutions and declared conflicts."""
    return frozenset([str(who.institution or ""), *str(who.former_institutions).split(), *str(who.conflicts).split()]) - {""}


def need_of(case_id: str, payload: dict[str, Any], rules: PanelRules, wanted: int, **more: Any) -> Need:
    """A case's need from what it shows and what is sealed."""
    return Need(case_id, wanted, places_of(payload, rules), specialties.of_case(payload), **more)


class Pool:
    """Experts with their loads, for choosing one after the other. Deterministic: equals in the order of their number.

    ``load`` = cases of the quarter that an expert has, judged ones too; capacity is cases a quarter, None = no limit.
    """

    def __init__(self, experts: Sequence[Any], load: dict[str, int], rules: PanelRules, absent: Iterable[str] = ()) -> None:
        import numpy as np

        self._np, self._rules = np, rules
        self.ids = [who.expert_id for who in experts]
        self._place = {name: number for number, name in enumerate(self.ids)}
        self._load = np.array([load.get(name, 0) for name in self.ids], dtype=float)
        self._capacity = np.array([np.inf if who.capacity is None else who.capacity for who in experts], dtype=float)
        usual = np.where(np.isinf(self._capacity), rules.usual_capacity, np.maximum(self._capacity, 1))
        self._weight = rules.usual_capacity / usual
        kinds = sorted({str(who.profession) for who in experts})
        self._profession = np.array([kinds.index(str(who.profession)) for who in experts], dtype=int)
        self._away = np.isin(np.array(self.ids, dtype=object), list(absent))
        self._tied: dict[str, list[int]] = {}
        self._fit: dict[str, list[int]] = {}
        for number, who in enumerate(experts):
            for code in ties_of(who):
                self._tied.setdefault(code, []).append(number)
            for name in specialties.named_in(str(who.specialty or "")):
                self._fit.setdefault(name, []).append(number)

    def _free(self, need: Need) -> Any:
        free = ~self._away & (self._load < self._capacity)
        for code in need.places:
            free[self._tied.get(code, [])] = False
        for name in (*need.barred, *need.have):
            if name in self._place:
                free[self._place[name]] = False
        return free

    def may(self, expert_id: str, need: Need) -> bool:
        """Whether an expert may take a case: present, with capacity, without a tie, not barred."""
        return expert_id in self._place and bool(self._free(need)[self._place[expert_id]])

    def give(self, expert_id: str) -> None:
        """Count a case that an expert is given otherwise than by ``choose``."""
        self._load[self._place[expert_id]] += 1

    def tied(self, expert_id: str, need: Need) -> bool:
        """Whether an expert of the pool has a tie to a case; False for somebody who is not in the pool."""
        at = self._place.get(expert_id)
        return at is not None and any(at in self._tied.get(code, []) for code in need.places)

    def best_for(self, expert_id: str, needs: Iterable[Need]) -> str | None:
        """The case that suits an expert best: one without their profession first, then their specialty, then the first."""
        mine = self._profession[self._place[expert_id]] if expert_id in self._place else None
        best: tuple[tuple[bool, bool], str] | None = None
        for need in needs:
            if not self.may(expert_id, need):
                continue
            alike = any(self._profession[self._place[name]] == mine for name in need.have if name in self._place)
            unfit = not any(self._place[expert_id] in self._fit.get(name, []) for name in need.fits)
            if best is None or (alike, unfit) < best[0]:
                best = ((alike, unfit), need.case_id)
            if best[0] == (False, False):
                break
        return best[1] if best else None

    def choose(self, need: Need) -> list[str]:
        """Experts for a case, counted into their loads at once; fewer than wanted when the pool has no more."""
        np = self._np
        free = self._free(need)
        cost = self._load * self._weight
        fitting = sorted({number for name in need.fits for number in self._fit.get(name, [])})
        cost[fitting] -= self._rules.fit_worth
        have = {self._profession[self._place[name]] for name in need.have if name in self._place}
        chosen: list[str] = []
        while len(chosen) < need.wanted and free.any():
            unlike = free.copy()
            for kind in have:
                unlike &= self._profession != kind
            possible = unlike if unlike.any() else free
            pick = int(np.argmin(np.where(possible, cost, np.inf)))
            chosen.append(self.ids[pick])
            have.add(self._profession[pick])
            free[pick] = False
            self._load[pick] += 1
        return chosen


def assign(needs: Iterable[Need], pool: Pool) -> dict[str, list[str]]:
    """Experts by case, in the order in which the cases come; a case that nobody may judge has an empty list."""
    return {need.case_id: pool.choose(need) for need in needs}
