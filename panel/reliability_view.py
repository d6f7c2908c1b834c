"""What supervisors and auditors see of how far experts agree."""

from __future__ import annotations

from typing import Any

from panel import reliability
from panel.acting import Acting


class ReliabilityView(Acting):
    """Agreement, calibration, drift, and what seeing the findings changed."""

    def agreement_report(self, name: str | None = None) -> dict[str, Any]:
        """Agreement of blind verdicts overall, by class, code and pair, with 90 % intervals; see ``reliability.report``."""
        self._require("see_reliability")
        return reliability.report(self.store, name)

    def blind_versus_later(self, name: str | None = None) -> dict[str, Any]:
        """What experts changed after they saw findings and reasons; see ``reliability.blind_versus_later``."""
        self._require("see_reliability")
        return reliability.blind_versus_later(self.store, name)

    def calibration(self, name: str | None = None) -> list[dict[str, Any]]:
        """Each expert against known answers and themselves; see ``reliability.calibration``."""
        self._require("see_reliability")
        return reliability.calibration(self.store, name)

    def drift(self, name: str | None = None) -> list[dict[str, Any]]:
        """Each expert's strictness by month; see ``reliability.drift``."""
        self._require("see_reliability")
        return reliability.drift(self.store, name)
