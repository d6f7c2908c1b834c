"""Prescriptions in the making, as arrays: one entry a visit with its prescription."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from simulator.catalogue import SLOTS, Array

#: Medical categories, as ``Visits.med`` numbers them.
MED_TYPES = ("11", "13", "14", "21")
ORDINARY, EMERGENCY, CHRONIC, STAY = range(4)
#: Written reasons, as ``Visits.reason`` numbers them; 0 = none.
REASONS = (None, "慢性病长期用药", "行动不便", "外出务工", "路途遥远", "老年患者", "诊疗指南推荐剂量")
#: Schemes that a prescription can belong to, as ``Visits.scheme`` numbers them; 0 = none.
SCHEMES = (
    "", "resale", "impersonation", "gang", "collusion", "after_death", "ghost", "split", "substitution",
    "double_charge", "trace_reuse", "kickback",
)  # fmt: skip
#: Why a prescription looks guilty and is not, as the bits of ``Visits.innocent``.
INNOCENTS = (
    "registered_long", "oncology", "epidemic", "written_reason", "tuberculosis", "twins", "nursing_home", "split_pack",
    "dialysis", "returned_box", "trade_name", "ward_line", "follow_up", "death_recorded_early", "context", "out_of_stock",
    "late_renewal",
)  # fmt: skip
_TYPES = {"person": np.int32, "doctor": np.int32, "when": np.int32, "pharmacy": np.int32, "kinds": np.int32,
          "innocent": np.int32, "disease": np.int8, "other": np.int8, "med": np.int8, "reason": np.int8,
          "scheme": np.int8}  # fmt: skip
_DEFAULTS = {"other": -1, "pharmacy": -1, "diagnosis": 1, "checked": 1, "aged": 1}


@dataclass
class Visits:
    """Grain: one visit and its prescription. ``when``: minutes of the quarter; ``person``: row of the block.

    ``drugs``, ``days`` and ``factor`` have a column for each prescribed line, filled from the left; -1 = no line;
    ``factor`` multiplies the usual daily dose.
    """

    person: Array
    doctor: Array
    when: Array
    disease: Array
    other: Array
    med: Array
    reason: Array
    pharmacy: Array
    scheme: Array
    kinds: Array
    innocent: Array
    long_rx: Array
    diagnosis: Array
    checked: Array
    vague: Array
    aged: Array
    tested: Array
    drugs: Array
    days: Array
    factor: Array

    def __len__(self) -> int:
        return len(self.person)

    @classmethod
    def new(cls, person: Array, doctor: Array, when: Array, disease: Array | int) -> Visits:
        """Plain visits without lines."""
        size = len(person)
        given = {"person": person, "doctor": doctor, "when": when, "disease": np.broadcast_to(disease, size)}
        values: dict[str, Array] = {}
        for field in fields(cls):
            kind = _TYPES.get(field.name, np.bool_)
            start = np.full(size, _DEFAULTS.get(field.name, 0), dtype=kind)
            values[field.name] = np.array(given[field.name], dtype=kind) if field.name in given else start
        values["drugs"] = np.full((size, SLOTS), -1, dtype=np.int16)
        values["days"] = np.zeros((size, SLOTS), dtype=np.int16)
        values["factor"] = np.ones((size, SLOTS), dtype=np.float32)
        return cls(**values)

    @classmethod
    def join(cls, parts: Sequence[Visits]) -> Visits:
        """The visits of all parts, one part after the other."""
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})

    def take(self, rows: Array) -> Visits:
        """The visits at these rows, or where a mask holds."""
        return Visits(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def in_time(self) -> Visits:
        """The visits in the order of time."""
        return self.take(np.lexsort((self.doctor, self.person, self.when)))

    def write(self, rows: Array, drugs: Array, days: Array) -> None:
        """Put the lines of these rows: drugs (rows x lines, -1 = none, filled from the left) and days alike."""
        self.drugs[rows, : drugs.shape[1]] = drugs
        self.days[rows, : drugs.shape[1]] = days

    def add(self, rows: Array, drugs: Array, days: Array | int) -> Array:
        """Add one drug to each of these rows where there is room and it is not there yet; says where it was done."""
        free = (self.drugs[rows] >= 0).sum(axis=1)
        done: Array = (free < SLOTS) & (drugs >= 0) & ~(self.drugs[rows] == np.asarray(drugs)[:, None]).any(axis=1)
        at = rows[done], free[done]
        self.drugs[at] = drugs[done]
        self.days[at] = np.broadcast_to(days, len(rows))[done]
        return done

    def mark(self, rows: Array, innocent: str) -> None:
        """Note why these prescriptions look guilty and are not."""
        self.innocent[rows] |= 1 << INNOCENTS.index(innocent)
