"""Assigning and opening a quarter's cases: 40,000 cases, 300 experts, all through the store on SQLite.

``python -m tests.bench.assigning URL CASES EXPERTS`` is the work itself, in a process of its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from panel.assignment import Need, Pool, assign
from panel.rules import panel_rules
from tests.bench.measure import Line, timed

CASES, EXPERTS = 40_000, 300


def rule_alone() -> float:
    """Seconds of the rule itself, on made-up needs: two experts a case, a tenth of the experts tied to each place."""
    from types import SimpleNamespace

    professions = ("insurance", "medicine", "pharmacy")
    specialties = ("心血管内科", "呼吸内科", "内分泌科", "临床药学", "")
    people = [
        SimpleNamespace(
            expert_id=f"E{n:04d}", profession=professions[n % 3], specialty=specialties[n % 5], institution=f"H{n % 10}",
            former_institutions="", conflicts="", capacity=None,
        )
        for n in range(EXPERTS)
    ]  # fmt: skip
    fits = ("cardiology", "respiratory", "endocrine")
    needs = [Need(f"C{n}", 2, frozenset({f"H{n % 10}"}), frozenset({fits[n % 3]})) for n in range(CASES)]
    began = time.perf_counter()
    made = assign(needs, Pool(people, {}, panel_rules()))
    seconds = time.perf_counter() - began
    assert all(len(names) == 2 for names in made.values())
    return seconds


def assigned_at_size() -> list[Line]:
    """The rule alone, and cases opened, assigned and logged in one transaction."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        process = timed(["tests.bench.assigning", f"sqlite:///{work / 'panel.db'}", str(CASES), str(EXPERTS)], work)
    what = f"{CASES:,} cases to {EXPERTS} experts"
    return [
        Line(f"{what}, the rule alone", rule_alone(), "s", 20),
        Line(f"{what}, opened, assigned and logged in the store", process.seconds, "s", 60),
        Line(f"{what}, peak memory", process.peak, "MB", 4096),
    ]


if __name__ == "__main__":
    from panel.store import open_store
    from tests.study.swarm import fill

    with open_store(sys.argv[1]) as opened:
        fill(opened, int(sys.argv[3]), int(sys.argv[2]))
