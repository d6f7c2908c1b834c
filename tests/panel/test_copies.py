"""Copies are not recognisable: other days than their originals', and no gold case twice to one expert."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from panel.cases import open_cases
from panel.redating import moved_by, redated
from panel.schema import assignment, case, expert
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.periods import Quarter

Acting = Callable[..., PanelService]
DAYS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(microsecond=0))


@given(DAYS, st.floats(0, 1, exclude_max=True))
def test_a_copy_s_day_is_another_of_the_quarter_with_the_same_weekday_and_hour(at: datetime, chance: float) -> None:
    quarter = Quarter(2026, 3)
    moved = at + moved_by(at.isoformat(" "), quarter, chance)
    assert quarter.begin <= moved < quarter.end
    assert moved.date() != at.date()
    assert (moved.weekday(), moved.hour) == (at.weekday(), at.hour)


@given(DAYS, st.integers(0, 366), st.floats(0, 1, exclude_max=True))
def test_all_dates_move_together_in_texts_too_and_numbers_stay(at: datetime, ago: int, chance: float) -> None:
    by = moved_by(at.isoformat(" "), Quarter(2026, 3), chance)
    earlier = at.date() - timedelta(days=ago)
    told = {"prsc_time": at.isoformat(" "), "timeline": [{"day": earlier.isoformat(), "days": 7.0}],
            "evidence": f"{earlier}与{at.date()}重复开药", "feedetl_sn": f"F-{earlier}", "total_amt": "100.00"}  # fmt: skip
    found = json.loads(redated(json.dumps(told), by))
    moved = datetime.fromisoformat(found["prsc_time"])
    day = date.fromisoformat(found["timeline"][0]["day"])
    assert moved == at + by
    assert moved.date() - day == timedelta(days=ago)
    assert found["evidence"] == f"{day}与{moved.date()}重复开药"
    assert (found["feedetl_sn"], found["total_amt"]) == (told["feedetl_sn"], "100.00")


def test_digits_that_are_no_day_stay() -> None:
    text = '{"a":"2026-13-45 and 12026-01-011"}'
    assert redated(text, timedelta(weeks=1)) == text


def judged(store: Store, act: Any, name: str, **rules: float) -> None:
    """A quarter of forty cases that everybody has judged, copies too."""
    drawn, shown = act.few(40)
    open_cases(store, name, {"panel": {"repeat_share": 0.0, "gold_share": 0.0, **rules}}, drawn, shown)
    for number in ("E1", "E2", "E3", "E4"):
        panel = act("expert", number)
        for row in panel.my_queue(name):
            panel.submit_verdict(row["case_id"], VerdictInput("0"), "x")


def handed(store: Store) -> Counter[tuple[str, str]]:
    """How often each expert had a gold case, as itself or as a copy: by original and expert."""
    counts: Counter[tuple[str, str]] = Counter()
    with store.read() as connection:
        golds = {row.copy_of for row in connection.execute(select(case.c.copy_of).where(case.c.kind == "gold"))}
        joined = select(case.c.case_id, case.c.copy_of, assignment.c.expert_id).join(
            assignment, assignment.c.case_id == case.c.case_id
        )
        for row in connection.execute(joined):
            original = row.copy_of or row.case_id
            if original in golds:
                counts[original, row.expert_id] += 1
    return counts


def test_nobody_gets_a_gold_case_twice_within_a_quarter_or_after(pool: Store, acting_on: Acting) -> None:
    with pool.engine.begin() as connection:
        connection.execute(update(expert).values(institution=None, former_institutions=""))
    judged(pool, acting_on, "2026Q1")
    acting_on("adjudicator").set_gold("2026Q1-00001", VerdictInput("0"), "会商一致")
    # One gold case, four copies a quarter, two experts who do not know it: two are given out in all.
    judged(pool, acting_on, "2026Q2", gold_share=0.1)
    assert set(handed(pool).values()) == {1}
    assert len(handed(pool)) == 4
    judged(pool, acting_on, "2026Q3", gold_share=0.1)
    assert set(handed(pool).values()) == {1}
    assert len(handed(pool)) == 4


def test_a_copy_shows_other_days_than_its_original_and_days_of_its_own_quarter(pool: Store, acting_on: Acting) -> None:
    judged(pool, acting_on, "2026Q2")
    acting_on("adjudicator").set_gold("2026Q2-00001", VerdictInput("0"), "会商一致")
    judged(pool, acting_on, "2026Q3", gold_share=0.1, repeat_share=0.1, repeat_gap=3)
    with pool.read() as connection:
        rows = {row.case_id: row for row in connection.execute(select(case))}
    copies = [row for row in rows.values() if row.kind is not None]
    assert {row.kind for row in copies} == {"gold", "repeat"}
    quarter = Quarter(2026, 3)
    for row in copies:
        shown, first = (json.loads(one.payload) for one in (row, rows[row.copy_of]))
        at = datetime.fromisoformat(shown["prsc_time"])
        assert quarter.begin <= at < quarter.end
        assert at.date() != datetime.fromisoformat(first["prsc_time"]).date()
        assert {**shown, "prsc_time": ""} == {**first, "prsc_time": ""}
