"""What happens in the small city: visits, some that stand out, refunds and clues."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

FIRST = datetime(2026, 1, 2, 8)


def live(city: Any, days: int = 272, visits: int = 1) -> None:
    """Everyone's visits, a pair that comes together, stays, refunds and clues, from January on."""
    for day in range(days):
        morning = FIRST + timedelta(days=day)
        for _ in range(city.random.randrange(visits + 2)):
            psn_no = f"N{city.random.randrange(24):02d}"
            place = city.random.choice(["H1", "H1", "H2", "H3", "P1", "P2"])
            moment = morning + timedelta(seconds=city.random.randrange(50000))
            kind = "41" if place[0] == "P" else city.random.choice(["11", "11", "13", "14"])
            setl_id = city.visit(psn_no, place, moment, med_type=kind)
            if city.random.random() < 0.1:
                city.refund(setl_id, moment + timedelta(days=2), city.random.choice([None, 1]))
        if day % 20 == 5:
            for step, psn_no in enumerate(("N01", "N02", "N05")):
                city.visit(psn_no, "H1", morning + timedelta(minutes=3 * step))
        if day % 30 == 10:
            for step in range(4):
                city.same(f"N1{step}", "H3", morning + timedelta(seconds=70 * step))
            for step, place in enumerate(("H1", "H2", "H3")):
                city.visit("N20", place, morning + timedelta(hours=step + 1))
        if day % 45 == 40:
            psn_no = f"N{city.random.randrange(24):02d}"
            city.visit(psn_no, "H2", morning, med_type="21", stay=9)
            city.visit(psn_no, "P1", morning - timedelta(days=4), med_type="41")
    city.visit("N03", "H1", datetime(2026, 9, 10, 10))
    for number, (kind, code) in enumerate([("person", "N01"), ("institution", "H1"), ("practitioner", "D0")]):
        city.add(
            "clue",
            clue_id=f"C{number}",
            received_time=datetime(2026, 8, 1),
            subject_type=kind,
            subject_code=code,
        )
