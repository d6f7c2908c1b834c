"""Who judges what: recusal, professions, specialties, loads; absence, handing on, and cases taken from the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from panel import audit, waiting
from panel.assignment import Need, Pool, assign, need_of, places_of
from panel.cases import open_cases
from panel.rules import panel_rules
from panel.schema import assignment, case, expert
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import DesignRefused, NotPermitted, WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"
RULES = panel_rules()
PROFESSIONS = ("insurance", "medicine", "pharmacy")


def person(number: int, profession: str = "medicine", **more: Any) -> Any:
    usual = {"institution": None, "former_institutions": "", "conflicts": "", "specialty": None, "capacity": None}
    return SimpleNamespace(expert_id=f"E{number:03d}", profession=profession, **{**usual, **more})


def need(number: int, *places: str, wanted: int = 2, fits: tuple[str, ...] = ()) -> Need:
    return Need(f"C{number}", wanted, frozenset(places), frozenset(fits))


def test_nobody_tied_to_institution_consortium_or_prescriber_is_chosen() -> None:
    people = [
        person(1, institution="H1"),
        person(2, former_institutions="H2 H7"),
        person(3, conflicts="D9"),
        person(4),
        person(5),
    ]
    sealed = {"fixmedins_code": "H1", "dr_codg": "D9", "consortium": "H1 H2"}
    case_of = {"sealed": sealed, "diagnoses": [], "lines": [], "person": {}}
    assert Pool(people, {}, RULES).choose(need_of("C", case_of, RULES, 5)) == ["E004", "E005"]
    alone = panel_rules({"recuse_consortium": False})
    assert places_of(case_of, alone) == {"H1", "D9"}
    assert Pool(people, {}, alone).choose(need_of("C", case_of, alone, 5)) == ["E002", "E004", "E005"]


def test_unlike_professions_first_then_specialty_then_the_lesser_load() -> None:
    people = [person(1, "pharmacy"), person(2, specialty="心血管内科"), person(3), person(4, "insurance")]
    assert Pool(people, {}, RULES).choose(need(1)) == ["E001", "E002"]
    assert Pool(people, {"E001": 9, "E004": 9}, RULES).choose(need(1, wanted=1, fits=("cardiology",))) == ["E002"]
    assert Pool(people, {"E001": 9, "E002": 4, "E004": 9}, RULES).choose(need(1, wanted=1, fits=("cardiology",))) == ["E003"]
    busy = Pool([person(1, capacity=2), person(2, capacity=1)], {}, RULES)
    assert [busy.choose(need(n, wanted=1)) for n in range(4)] == [["E001"], ["E002"], ["E001"], []]
    assert Pool(people, {}, RULES, absent=["E001", "E004"]).choose(need(1)) == ["E002", "E003"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=2, max_size=12), st.integers(1, 40))
def test_whatever_the_pool_no_tie_no_double_no_overload_and_loads_in_balance(people: list[tuple[int, int]], cases: int) -> None:
    pool = [person(n, PROFESSIONS[kind], institution=f"H{home}", capacity=15) for n, (home, kind) in enumerate(people)]
    homes = {who.expert_id: who.institution for who in pool}
    kinds = {who.expert_id: who.profession for who in pool}
    needs = [need(n, f"H{n % 5}") for n in range(cases)]
    made = assign(needs, Pool(pool, {}, RULES))
    loads = Counter(name for names in made.values() for name in names)
    for entry in needs:
        names = made[entry.case_id]
        assert len(set(names)) == len(names) <= 2
        assert all(homes[name] not in entry.places for name in names)
        able = [who for who in pool if who.institution not in entry.places]
        if len(names) == 2 and len({kinds[name] for name in names}) == 1:
            # Only where every unlike one was tied or full.
            other = [who for who in able if who.profession != kinds[names[0]]]
            assert all(loads[who.expert_id] == 15 for who in other)
    assert max(loads.values(), default=0) <= 15


def test_a_design_s_panel_table_is_checked() -> None:
    for wrong in ({"double_share": 1.5}, {"nonsense": 1}, {"gold_share": "x"}, {"recuse_consortium": 1}, {"usual_capacity": 0}):
        with pytest.raises(DesignRefused):
            panel_rules(wrong)


def mine(store: Store, expert_id: str) -> dict[str, str]:
    with store.read() as connection:
        rows = connection.execute(select(assignment).where(assignment.c.expert_id == expert_id)).all()
    return {row.case_id: row.state for row in rows}


def test_an_absence_hands_waiting_cases_on_and_keeps_new_ones_away(acting: Acting, opened: Store) -> None:
    before = mine(opened, "E1")
    done = acting("expert", "E1").my_queue()[0]["case_id"]
    acting("expert", "E1").submit_verdict(done, VerdictInput("0"), "a")
    heirs = acting("administrator").set_absence("E1", "2020-01-01", "2099-12-31", "进修")
    assert set(heirs) == set(before) - {done}
    assert mine(opened, "E1")[done] == "done"
    assert all(heir != "E1" for heir in heirs.values())
    assert any(heirs.values())
    for case_id, heir in heirs.items():
        assert mine(opened, "E1")[case_id] == "absent"
        assert heir is None or mine(opened, heir)[case_id] == "open"
    short = acting("supervisor").waiting_for_experts(QUARTER)
    assert set(short) == {case_id for case_id, heir in heirs.items() if heir is None}
    with pytest.raises(WrongUse, match="before it begins"):
        acting("administrator").set_absence("E2", "2026-02-01", "2026-01-01", "x")
    with pytest.raises(WrongUse, match="no date"):
        acting("administrator").set_absence("E2", "tomorrow", "2026-01-01", "x")
    assert audit.verify(opened).faults == []


def test_an_absence_set_ahead_hands_on_what_waits_once_it_has_begun(
    acting: Acting, opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mine(opened, "E1")
    assert acting("administrator").set_absence("E1", "2098-01-01", "2098-01-31", "进修") == {}
    assert acting("supervisor").let_go_overdue() == 0
    assert mine(opened, "E1") == before
    assert set(before.values()) == {"open"}
    monkeypatch.setattr(waiting, "today", lambda: "2098-01-01")
    assert acting("supervisor").let_go_overdue() == len(before)
    assert mine(opened, "E1") == dict.fromkeys(before, "absent")
    mates = [mine(opened, number) for number in ("E2", "E3", "E4")]
    short = acting("supervisor").waiting_for_experts(QUARTER)
    assert all(sum(case_id in held for held in mates) == (1 if case_id in short else 2) for case_id in before)
    assert set(before) - set(short)
    assert acting("supervisor").let_go_overdue() == 0
    assert audit.verify(opened).faults == []


def test_a_withdrawn_expert_gets_nothing_and_a_case_is_handed_to_whom_it_may(acting: Acting, opened: Store) -> None:
    case_id = next(iter(mine(opened, "E1")))
    mates = {n for n in ("E2", "E3", "E4") if case_id in mine(opened, n)}
    place = "H2" if int(case_id[-5:]) % 2 == 0 else "H1"
    tied = {"H1": "E2", "H2": "E3"}[place]
    if tied not in mates:
        with pytest.raises(WrongUse, match="must recuse"):
            acting("supervisor").reassign(case_id, "E1", tied, "换人")
    heir = next(n for n in ("E4", "E3", "E2") if n not in mates and n != tied)
    assert acting("supervisor").reassign(case_id, "E1", heir, "换人") == heir
    assert (mine(opened, "E1")[case_id], mine(opened, heir)[case_id]) == ("reassigned", "open")
    acting("administrator").withdraw_expert("E4", "退休")
    assert "open" not in mine(opened, "E4").values()
    with pytest.raises(NotPermitted):
        acting("expert", "E1").submit_verdict(case_id, VerdictInput("0"), "late")
    assert audit.verify(opened).faults == []


def test_a_taken_case_is_held_for_a_while_and_then_somebody_else_s(pool: Store, acting_on: Acting) -> None:
    drawn, shown = acting_on.few(1)  # type: ignore[attr-defined]
    for number in ("E1", "E2", "E3", "E4"):
        acting_on("administrator").set_absence(number, "2020-01-01", "2099-01-01", "暂停派单")
    open_cases(pool, QUARTER, {"panel": {"repeat_share": 0.0, "double_share": 0.0}}, drawn, shown)
    with pool.change() as connection:
        rows = {
            "absence": [dict(row._mapping) for row in connection.exec_driver_sql("SELECT expert_id, begndate FROM absence")]
        }
        connection.exec_driver_sql("DELETE FROM absence")
        audit.record(connection, "test", "absences over", "all", {"rows": audit.gone("absence", rows["absence"])})
    one, two = acting_on("expert", "E1"), acting_on("expert", "E4")
    case_id = one.claim_next(QUARTER)
    assert case_id == "2026Q3-00001"
    assert two.claim_next(QUARTER) is None
    one.save_draft(case_id, {"comment": "写到一半"})
    expire(pool)
    assert two.claim_next(QUARTER) == case_id
    assert mine(pool, "E1") == {case_id: "lapsed"}
    with pytest.raises(NotPermitted, match="somebody else has taken it"):
        one.submit_verdict(case_id, VerdictInput("0"), "a")
    expire(pool)
    assert acting_on("supervisor").let_go_overdue() == 1
    # Nobody has taken it since: the one who comes back with a verdict is welcome.
    assert one.submit_verdict(case_id, VerdictInput("0"), "a")
    assert mine(pool, "E1") == {case_id: "done"}
    assert audit.verify(pool).faults == []


def expire(store: Store) -> None:
    """Let every hold end, as time would, and say so in the log."""
    with store.change() as connection:
        held = connection.execute(select(assignment).where(assignment.c.locked_until.is_not(None))).all()
        connection.execute(
            update(assignment).where(assignment.c.locked_until.is_not(None)).values(locked_until="2020-01-01T00:00:00Z")
        )
        rows = {"assignment": [{"case_id": row.case_id, "expert_id": row.expert_id} for row in held]}
        audit.record_rows(connection, "test", "time passed", "holds", rows)


def test_one_who_is_tied_takes_nothing_of_that_place(pool: Store, acting_on: Acting) -> None:
    drawn, shown = acting_on.few(6)  # type: ignore[attr-defined]
    open_cases(pool, QUARTER, {"panel": {"repeat_share": 0.0}}, drawn, shown)
    with pool.change() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(assignment.c.case_id, assignment.c.expert_id))]
        connection.execute(assignment.delete())
        connection.execute(update(case).values(state="drawn"))
        with_cases = audit.marks(connection, "case", rows)
        audit.record(connection, "test", "all back", "all", {"rows": audit.gone("assignment", rows) + with_cases})
    taken = set()
    while (case_id := acting_on("expert", "E2").claim_next(QUARTER)) is not None:
        taken.add(case_id)
        acting_on("expert", "E2").submit_verdict(case_id, VerdictInput("0"), "x")
    assert taken == {f"{QUARTER}-0000{n}" for n in (2, 4, 6)}
    assert audit.verify(pool).faults == []


def limited(store: Store, capacity: int) -> None:
    """Give every expert one capacity and no tie."""
    with store.engine.begin() as connection:
        connection.execute(update(expert).values(institution=None, former_institutions="", capacity=capacity))


def test_a_capacity_is_the_quarter_s_judged_cases_count_and_a_new_quarter_begins_at_nothing(
    pool: Store, acting_on: Acting
) -> None:
    limited(pool, 3)
    drawn, shown = acting_on.few(6)  # type: ignore[attr-defined]
    open_cases(pool, QUARTER, {"panel": {"repeat_share": 0.0, "double_share": 1.0}}, drawn, shown)
    for number in ("E1", "E2", "E3", "E4"):
        panel = acting_on("expert", number)
        for row in panel.my_queue():
            panel.submit_verdict(row["case_id"], VerdictInput("0"), "x")
    with pool.read() as connection:
        had = waiting.loads(connection, QUARTER)
        assert waiting.loads(connection, "2026Q4") == {}
    assert had == dict.fromkeys(("E1", "E2", "E3", "E4"), 3)
    # All is judged and nothing waits: yet nobody has capacity left for a third of a case, nor for one more.
    with pool.change() as connection:
        row = connection.execute(select(case).order_by(case.c.number)).first()
        free = waiting.pool_of(connection, RULES, QUARTER)
        assert free.choose(waiting.need_for(row, RULES, 2, [])) == []
        later = waiting.pool_of(connection, RULES, "2026Q4")
        assert len(later.choose(waiting.need_for(row, RULES, 2, []))) == 2


def test_a_case_taken_from_the_pool_counts_into_the_capacity(pool: Store, acting_on: Acting) -> None:
    drawn, shown = acting_on.few(6)  # type: ignore[attr-defined]
    limited(pool, 0)
    open_cases(pool, QUARTER, {"panel": {"repeat_share": 0.0, "double_share": 1.0}}, drawn, shown)
    limited(pool, 2)
    panel = acting_on("expert", "E1")
    for _ in range(2):
        case_id = panel.claim_next(QUARTER)
        assert case_id is not None
        panel.submit_verdict(case_id, VerdictInput("0"), "x")
    assert panel.claim_next(QUARTER) is None
    assert acting_on("expert", "E4").claim_next(QUARTER) is not None
