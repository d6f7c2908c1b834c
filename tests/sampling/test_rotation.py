from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import DesignRefused
from sampling.design import Design, load_design
from sampling.rotation import Before, Rotation, drawn_institutions, turns
from tests.sampling.designs import changed, shipped

BASE = load_design(shipped("two_stage"))


def every_path(design: Design, present: list[bool]) -> list[dict[tuple[bool, ...], float]]:
    """Probability of every history of draws up to each quarter, one by one."""
    paths: dict[tuple[bool, ...], float] = {(): 1.0}
    found = []
    for quarter, there in enumerate(present):
        after: dict[tuple[bool, ...], float] = {}
        for path, weight in paths.items():
            if not there:
                after[(*path, False)] = weight
                continue
            chance = turns(["V"], design, Rotation(quarter, history(design, present, path)))["V"].chance
            for drawn, part in ((True, chance), (False, 1 - chance)):
                if part > 0:
                    after[(*path, drawn)] = weight * part
        paths = after
        found.append(paths)
    return found


def history(design: Design, present: list[bool], path: tuple[bool, ...]) -> tuple[dict[str, Before], ...]:
    earlier: list[dict[str, Before]] = []
    for quarter, drawn in enumerate(path):
        turn = turns(["V"], design, Rotation(quarter, tuple(earlier)))["V"]
        earlier.append({"V": Before(turn.first, drawn)} if present[quarter] else {})
    return tuple(earlier)


#: A rule of overlap, the quarters of a cycle, whether each is drawn once a year, and the quarters it is in the frame.
any_cycle = given(
    st.sampled_from(["avoid", "free", "keep"]),
    st.sampled_from([1, 2, 4]),
    st.booleans(),
    st.lists(st.booleans(), min_size=4, max_size=4),
)


@settings(max_examples=150, deadline=None)
@any_cycle
def test_stated_probabilities_equal_all_histories_added_up(overlap, every, yearly, present):
    design = replace(BASE, overlap=overlap, every=every, yearly=yearly)
    present = present[:every]
    levels = every_path(design, present)
    for quarter, there in enumerate(present):
        if not there:
            continue
        for path in levels[quarter - 1] if quarter else [()]:
            stated = turns(["V"], design, Rotation(quarter, history(design, present, path)))["V"].prob
            added = sum(weight for drawn, weight in levels[quarter].items() if drawn[quarter])
            assert stated == pytest.approx(added, abs=1e-12)
    if present[-1] and (yearly or overlap == "avoid"):
        assert all(any(path) for path in levels[-1])
    if overlap == "avoid":
        assert all(sum(path) <= 1 for path in levels[-1])
    if overlap == "keep" and not yearly:
        there = [quarter for quarter, is_there in enumerate(present) if is_there]
        assert all(len({path[quarter] for quarter in there}) <= 1 for path in levels[-1])


@settings(max_examples=150, deadline=None)
@any_cycle
def test_a_year_s_end_is_co_ordinated_and_its_probabilities_stay(overlap, every, yearly, present):
    """The last quarter of a cycle and the first of the next, over all histories: both probabilities, and that of both."""
    design = replace(BASE, overlap=overlap, every=every, yearly=yearly)
    present = present[:every]
    fresh = turns(["V"], design, Rotation())["V"]
    first = both = before = 0.0
    for path, weight in every_path(design, present)[-1].items():
        last = {}
        if present[-1]:
            turn = turns(["V"], design, Rotation(every - 1, history(design, present, path[:-1])))["V"]
            last = {"V": Before(turn.first, path[-1], turn.prob)}
        turn = turns(["V"], design, Rotation(last=last))["V"]
        assert (turn.prob, turn.first) == (fresh.prob, fresh.first)
        assert 0 <= turn.chance <= 1
        first += weight * turn.chance
        both += weight * turn.chance * path[-1]
        before += weight * path[-1]
    assert first == pytest.approx(fresh.prob, abs=1e-12)
    wanted = {"avoid": max(0.0, before + first - 1), "keep": min(before, first), "free": before * first}
    assert both == pytest.approx(wanted[overlap] if present[-1] else 0, abs=1e-12)


def test_nobody_is_drawn_in_december_and_again_in_january():
    known = {"D": Before(1.0, True, 0.25), "N": Before(1.0, False, 0.25)}
    found = turns(["D", "N", "new"], BASE, Rotation(last=known))
    assert [found[code].chance for code in ("D", "N", "new")] == [0, pytest.approx(1 / 3), 0.25]
    kept = turns(["D", "N"], replace(BASE, overlap="keep", yearly=False), Rotation(last=known))
    assert [kept[code].chance for code in ("D", "N")] == [1, 0]


def test_hospitals_are_drawn_every_quarter_and_a_year_ends_with_all():
    third = turns(["V"], BASE, Rotation(2, ({"V": Before(0.25, False)}, {"V": Before(1 / 3, False)})))["V"]
    assert (third.prob, third.chance) == (pytest.approx(0.25), 0.5)
    fourth = turns(["V", "N"], BASE, Rotation(3, ({"V": Before(0.25, True)},)))
    assert fourth["V"].chance == 0
    # Whoever comes first in the last quarter, or into a program that begins then, is certain.
    assert fourth["N"].prob == fourth["N"].chance == 1


def test_whoever_was_certain_before_is_not_drawn_again():
    turn = turns(["V"], BASE, Rotation(1, ({"V": Before(1.0, True)},)))["V"]
    assert (turn.prob, turn.chance) == (0, 0)


def test_the_first_stage_is_drawn_by_permanent_numbers(slow):
    codes = [f"V{number}" for number in range(400)]
    drawn = drawn_institutions(turns(codes, BASE, Rotation()), "seed")
    assert drawn == {code for code in codes if slow.number("seed", "institution", code) < 0.25}
    assert 60 < len(drawn) < 140


@pytest.mark.parametrize(
    "lines",
    [
        {"institutions__every": 3},
        {"institutions__overlap": "sometimes"},
        {"institutions__rotated": [30]},
        {"pool__classes": ["30"]},
        {"bands__cuts": [0.3, 0.1]},
        {"targeted__novelty_share": 0.5, "targeted__exploration_share": 0.5},
        {"pool": "all"},
        {"wards__beds": 3},
    ],
)
def test_refuses_a_design_that_cannot_be_meant(tmp_path: Path, lines):
    with pytest.raises(DesignRefused):
        load_design(changed(shipped("two_stage"), tmp_path, **lines))
