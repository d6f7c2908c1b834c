"""Agreement against published figures, a second implementation and a bootstrap; gold, repeats, drift, blind against later."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from panel import audit
from panel.accounts import Actor, create_account
from panel.agreement import COEFFICIENTS, agreement_of, of_name, wilson
from panel.cases import open_cases
from panel.schema import case, expert
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from panel.verdicts import agreement, final_verdicts
from panel.waiting import seen_by

Acting = Callable[..., PanelService]


@pytest.mark.shared
def test_published_coefficients(shared: Path) -> None:
    block = json.loads((shared / "vectors" / "vectors.json").read_text(encoding="utf-8"))["agreement"]
    table, expected = block["two_raters_3x3"], block["expected"]
    pairs = [(str(i), str(j)) for i in range(3) for j in range(3) for _ in range(table[i][j])]
    found = agreement_of(pairs)
    assert found.percent == pytest.approx(expected["pa"], abs=1e-6)
    assert found.cohen == pytest.approx(expected["cohen"], abs=1e-6)
    assert found.ac1 == pytest.approx(expected["ac1"], abs=1e-6)
    assert found.alpha == pytest.approx(expected["alpha"], abs=1e-6)
    # Of two raters Fleiss' kappa is Scott's pi.
    assert found.fleiss == pytest.approx(expected["scott"], abs=1e-6)


def test_fleiss_s_own_example() -> None:
    """Ten subjects, fourteen raters, five categories (Fleiss 1971, as the usual textbook table): kappa 0.210."""
    table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
             [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]  # fmt: skip
    rows = [[str(kind) for kind, count in enumerate(row) for _ in range(count)] for row in table]
    assert agreement_of(rows).fleiss == pytest.approx(0.210, abs=5e-4)


def test_nothing_can_be_said_without_pairs_or_variation() -> None:
    assert agreement_of([]).percent is None
    assert agreement_of([["0"]]).pairs == 0
    alike = agreement_of([("0", "0")] * 5)
    assert (alike.percent, alike.cohen, alike.ac1, alike.alpha) == (1.0, None, 1.0, None)
    assert alike.intervals["cohen"] is None
    assert wilson(0, 0) is None


def slow(rows: list[list[str]]) -> dict[str, float | None]:
    """Pair by pair, as the definitions say it."""
    rated = [row for row in rows if len(row) > 1]
    names = sorted({name for row in rated for name in row})
    observed = sum(sum(a == b for a, b in combinations(row, 2)) / (len(row) * (len(row) - 1) / 2) for row in rated) / len(rated)
    share = {name: sum(row.count(name) / len(row) for row in rated) / len(rated) for name in names}
    by_chance = sum(p * p for p in share.values())
    gwet = sum(p * (1 - p) for p in share.values()) / max(1, len(names) - 1)
    flat = [name for row in rated for name in row]
    apart = [sum(a != b for a, b in combinations(row, 2)) * 2 / (len(row) - 1) for row in rated]
    pairs = sum(a != b for a, b in combinations(flat, 2)) * 2 / (len(flat) - 1)
    return {
        "percent": observed,
        "fleiss": None if by_chance >= 1 - 1e-12 else (observed - by_chance) / (1 - by_chance),
        "ac1": 1.0 if len(names) < 2 else (observed - gwet) / (1 - gwet),
        "alpha": None if not pairs else 1 - sum(apart) / pairs,
    }


ratings = st.lists(st.lists(st.sampled_from("0123U"), min_size=2, max_size=4), min_size=1, max_size=25)


@settings(deadline=None)
@given(ratings)
def test_a_slow_second_reading_agrees(rows: list[list[str]]) -> None:
    found = agreement_of(rows)
    for name, value in slow(rows).items():
        assert getattr(found, name) == (None if value is None else pytest.approx(value, abs=1e-9)), name


def test_intervals_are_those_of_a_bootstrap_over_cases() -> None:
    chance = random.Random(5)
    rows = []
    for _ in range(300):
        truth = chance.choice("00012")
        rows.append([truth if chance.random() < 0.8 else chance.choice("012") for _ in range(2)])
    found = agreement_of(rows)
    for name in COEFFICIENTS:
        drawn = sorted(getattr(agreement_of([chance.choice(rows) for _ in rows]), name) for _ in range(400))
        low, high = found.intervals[name]  # type: ignore[misc]
        assert low == pytest.approx(drawn[20], abs=0.025), name
        assert high == pytest.approx(drawn[379], abs=0.025), name


def test_by_name_is_agreement_on_this_name_or_another() -> None:
    rows = [["0", "0"], ["0", "2"], ["2", "2"], ["1", "2"]]
    assert of_name(rows, "1").percent == 0.75
    assert of_name(rows, "2").percent == 0.5
    assert wilson(8, 10) == pytest.approx((0.5408, 0.9312), abs=1e-3)


def answered(store: Store, act: Any, name: str, answer: Callable[[str, str], VerdictInput]) -> None:
    """A quarter of forty cases whose experts answer as they are told."""
    drawn, shown = act.few(40)
    open_cases(store, name, {"panel": {"repeat_share": 0.0, "gold_share": 0.0}}, drawn, shown)
    for number in ("E1", "E2", "E3", "E4"):
        panel = act("expert", number)
        for row in panel.my_queue(name):
            panel.submit_verdict(row["case_id"], answer(row["case_id"], number), "x")


def test_copies_measure_experts_and_count_nowhere_else(pool: Store, acting_on: Acting) -> None:
    answered(pool, acting_on, "2026Q2", lambda *_: VerdictInput("0"))
    judge, watch = acting_on("adjudicator"), acting_on("supervisor")
    for number in (1, 2):
        judge.set_gold(f"2026Q2-0000{number}", VerdictInput("2", ("2-5",)) if number == 1 else VerdictInput("0"), "会商一致")
    drawn, shown = acting_on.few(40)  # type: ignore[attr-defined]
    rules = {"panel": {"repeat_share": 0.1, "gold_share": 0.1, "repeat_gap": 3}}
    assert open_cases(pool, "2026Q3", rules, drawn, shown).cases == 40
    seen: dict[str, list[str]] = {}
    with pool.read() as connection:
        rows = connection.execute(select(case).where(case.c.quarter == "2026Q3").order_by(case.c.number)).all()
    kinds = {row.case_id: row.kind for row in rows}
    copies = [row for row in rows if row.kind is not None]
    assert {row.kind for row in copies} == {"gold", "repeat"}
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    for number in ("E1", "E2", "E3", "E4"):
        panel = acting_on("expert", number)
        for row in panel.my_queue("2026Q3"):
            opened = panel.open_case(row["case_id"])
            assert "gold" not in str(opened) and "repeat" not in str(opened) and "copy" not in str(opened)  # noqa: PT018
            seen.setdefault(row["case_id"], []).append(number)
            panel.submit_verdict(row["case_id"], VerdictInput("0"), "x")
    handed = [row.case_id for row in copies if row.case_id in seen]
    assert handed
    assert all(len(seen[case_id]) == 1 for case_id in handed)
    assert watch.progress("2026Q3")["cases"] == 40
    assert watch.progress("2026Q3")["verdicts"] == sum(len(who) for name, who in seen.items() if kinds[name] is None)
    assert int(watch.verdict_counts("2026Q3")["cases"].sum()) == 40
    found = watch.calibration("2026Q3")
    assert sum(row["gold"] + row["repeats"] for row in found) == len(handed)
    assert all(row["same"] == row["repeats"] for row in found)
    golds = [row for row in copies if row.kind == "gold" and row.case_id in seen]
    wrong = sum(row.copy_of == "2026Q2-00001" for row in golds)
    assert sum(row["gold"] - row["exact"] for row in found) == wrong
    assert all(row["sensitivity"] in (0.0, None) and row["specificity"] in (1.0, None) for row in found)
    assert watch.agreement_report("2026Q3")["overall"]["pairs"] == 40
    assert audit.verify(pool).faults == []


def test_agreement_by_class_code_and_pair_and_drift_and_what_findings_changed(pool: Store, acting_on: Acting) -> None:
    def answer(case_id: str, expert_id: str) -> VerdictInput:
        strict = expert_id == "E1" and int(case_id[-5:]) % 2
        return VerdictInput("2", ("2-5",), ("F38-2d",), "5.00") if strict else VerdictInput("0")

    answered(pool, acting_on, "2026Q3", answer)
    watch = acting_on("supervisor")
    found = watch.agreement_report("2026Q3")
    mine = [row["case_id"] for row in acting_on("expert", "E1").my_queue()]
    odd = sum(int(case_id[-5:]) % 2 for case_id in mine)
    assert found["overall"]["pairs"] == 40
    assert found["overall"]["percent"] == pytest.approx(1 - odd / 40)
    assert set(found["by_class"]) == {"0", "2"}
    assert found["by_item_code"]["2-5"]["percent"] == found["by_fund_code"]["F38-2d"]["percent"] == pytest.approx(1 - odd / 40)
    assert sum(row["pairs"] for row in found["by_pair"]) == 40
    assert all("E1" in row["experts"] for row in found["by_pair"] if row["percent"] < 1)
    (own,) = [row for row in watch.drift("2026Q3") if row["expert_id"] == "E1"]
    assert own["unreasonable"] == own["beyond_mates"] == pytest.approx(odd / len(mine))
    before = watch.blind_versus_later("2026Q3")["all"]
    assert (before["verdicts"], before["changed"], before["loss"]["blind"]) == (80, 0, f"{5 * odd}.00")
    first = next(case_id for case_id in mine if int(case_id[-5:]) % 2)
    acting_on("expert", "E1").change_verdict(first, VerdictInput("0"), "另有依据")
    after = watch.blind_versus_later("2026Q3")
    assert (after["all"]["changed"], after["all"]["milder"], after["all"]["stricter"]) == (1, 1, 0)
    assert after["all"]["loss"] == {"blind": f"{5 * odd}.00", "later": f"{5 * odd - 5}.00"}
    assert {"blind": "2", "later": "0", "verdicts": 1} in after["all"]["table"]
    assert after["random"]["verdicts"] + after["targeted"]["verdicts"] == 80
    # The blind word feeds agreement: it has not moved.
    assert watch.agreement_report("2026Q3") == found


def test_who_decided_a_case_or_set_its_answer_does_not_get_it_as_gold(pool: Store, acting_on: Acting) -> None:
    """Two experts judged it blind, the adjudicator decided it as a third number, another set the answer: none is left."""
    with pool.engine.begin() as connection:
        connection.execute(update(expert).values(institution=None, former_institutions=""))
    answered(pool, acting_on, "2026Q2", lambda *_: VerdictInput("0"))
    case_id = "2026Q2-00001"
    with pool.read() as connection:
        on = seen_by(connection, [case_id])[case_id]
    decides, sets = [number for number in ("E1", "E2", "E3", "E4") if number not in [row.expert_id for row in on]]
    create_account(pool, "setter", "a good password", ["adjudicator"], expert_id=sets)
    acting_on("adjudicator", decides).adjudicate(case_id, VerdictInput("0"), "d")
    setter = PanelService(pool, Actor("setter", "", frozenset({"adjudicator"}), sets))
    setter.set_gold(case_id, VerdictInput("0"), "会商一致")
    drawn, shown = acting_on.few(40)  # type: ignore[attr-defined]
    open_cases(pool, "2026Q3", {"panel": {"repeat_share": 0.0, "gold_share": 0.1}}, drawn, shown)
    with pool.read() as connection:
        golds = [row.case_id for row in connection.execute(select(case).where(case.c.kind == "gold"))]
        assert golds
        assert seen_by(connection, golds) == {}


def disputed_with_a_third(store: Store, act: Acting) -> str:
    """Two cases on which two agree, one on which they differ and a third and the adjudicator say 2; the disputed one."""
    drawn, shown = act.few(3)  # type: ignore[attr-defined]
    rules = {"panel": {"repeat_share": 0.0, "gold_share": 0.0, "double_share": 1.0}}
    open_cases(store, "2026Q3", rules, drawn, shown)
    case_id = "2026Q3-00002"
    panels = [act("expert", number) for number in ("E1", "E2", "E3", "E4")]
    for row, panel in [(row, one) for one in panels for row in one.my_queue()]:
        mates = [other for other in panels if row["case_id"] in [entry["case_id"] for entry in other.my_queue()]]
        strict = row["case_id"] == case_id and panel is mates[0]
        panel.submit_verdict(row["case_id"], VerdictInput("2", ("2-5",)) if strict else VerdictInput("0"), "x")
    third = act("adjudicator").refer_to_third(case_id)
    assert third is not None
    act("expert", third).submit_verdict(case_id, VerdictInput("2", ("2-5",)), "t")
    return case_id


def test_a_third_is_in_no_agreement_and_no_soft_label(pool: Store, acting_on: Acting) -> None:
    case_id, watch = disputed_with_a_third(pool, acting_on), acting_on("supervisor")
    found = watch.agreement_report("2026Q3")
    # Three pairs, two of them alike; with the third's there would be five.
    assert found["overall"]["percent"] == pytest.approx(2 / 3)
    assert sum(row["pairs"] for row in found["by_pair"]) == found["overall"]["pairs"] == 3
    assert agreement(pool, "2026Q3").percent == pytest.approx(2 / 3)
    assert float(final_verdicts(pool, "2026Q3").set_index("case_id").loc[case_id, "soft_label"]) == 0.5
    # A third has a strictness of their own, and may change a verdict, like anybody.
    assert sum(row["verdicts"] for row in watch.drift("2026Q3")) == 7
    assert watch.blind_versus_later("2026Q3")["all"]["verdicts"] == 7


def test_a_soft_label_counts_blind_words_only(pool: Store, acting_on: Acting) -> None:
    """An adjudicator's word comes after the findings, and is no opinion of the blind experts."""
    drawn, shown = acting_on.few(1)  # type: ignore[attr-defined]
    open_cases(pool, "2026Q3", {"panel": {"repeat_share": 0.0, "gold_share": 0.0, "double_share": 1.0}}, drawn, shown)
    panels = [acting_on("expert", number) for number in ("E1", "E2", "E3", "E4")]
    one, two = [panel for panel in panels if panel.my_queue()]
    one.submit_verdict("2026Q3-00001", VerdictInput("0"), "a")
    two.submit_verdict("2026Q3-00001", VerdictInput("2", ("2-5",)), "b")
    acting_on("adjudicator").adjudicate("2026Q3-00001", VerdictInput("2", ("2-5",)), "d")
    assert final_verdicts(pool, "2026Q3")["soft_label"].tolist() == [0.5]
