from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.errors import DesignRefused, NotFound
from sampling.allocation import allocate
from sampling.design import DEFAULT, load_design
from sampling.numbers import default_seed


def test_default_capacity_is_split_between_the_arms():
    design = load_design()
    assert (design.capacity, design.targeted_capacity, design.random_capacity) == (600, 240, 360)


def test_identity_follows_content_and_capacity(tmp_path: Path):
    assert load_design().design_id == load_design(DEFAULT).design_id
    assert load_design(capacity=601).design_id != load_design().design_id
    other = tmp_path / "d.toml"
    other.write_text(DEFAULT.read_text().replace("floor_count = 100", "floor_count = 99"))
    assert load_design(other).design_id != load_design().design_id
    name, digest = load_design().design_id.rsplit("-", 1)
    assert name == "default"
    assert len(digest) == 12


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("capacity = 600", ""),
        ("capacity = 600", "capacity = 0"),
        ("capacity = 600", "capacity = true"),
        ("targeted_share = 0.4", "targeted_share = 1.4"),
        ("targeted_share = 0.4", "targeted_share = 1.0"),
        ("minimum = 1", "minimum = 1\nmaximum = 2"),
        ("certain = true", "certain = false"),
        ('strata = "institution"', 'strata = "city"'),
        ("capacity = 600", "capacity ="),
    ],
)
def test_refuses_a_design_that_cannot_be_meant(tmp_path: Path, old: str, new: str):
    path = tmp_path / "d.toml"
    path.write_text(DEFAULT.read_text().replace(old, new))
    with pytest.raises(DesignRefused):
        load_design(path)


def test_missing_design_file_is_named(tmp_path: Path):
    with pytest.raises(NotFound, match="nowhere"):
        load_design(tmp_path / "nowhere.toml")


def test_seed_comes_from_quarter_and_design_alone():
    assert default_seed("2026Q3", "d") == default_seed("2026Q3", "d")
    assert len({default_seed(q, d) for q in ("2026Q3", "2026Q4") for d in ("a", "b")}) == 4


sizes = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(1, 400), min_size=1, max_size=15)


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(0, 800), st.data())
def test_allocation_is_exact_bounded_and_deterministic(sizes, extra, data):
    design = load_design()
    capacity = len(sizes) + extra
    rates = {code: data.draw(st.floats(0, 1)) for code in sizes}
    got = allocate(sizes, design, capacity, rates)
    assert sum(got.values()) == min(capacity, sum(sizes.values()))
    assert all(1 <= got[code] <= sizes[code] for code in sizes)
    assert got == allocate(dict(reversed(sizes.items())), design, capacity, rates)


def test_small_institutions_are_taken_whole_and_larger_variance_gets_more():
    got = allocate({"a": 2, "b": 500, "c": 500}, load_design(), 100, {"a": 0.5, "b": 0.1, "c": 0.5})
    assert got["a"] == 2
    assert got["c"] > got["b"] > 20


def test_without_floors_the_shares_follow_the_weights(tmp_path: Path):
    path = tmp_path / "d.toml"
    path.write_text(
        DEFAULT.read_text().replace("floor_share = 0.5", "floor_share = 0").replace("size_power = 0.5", "size_power = 1")
    )
    got = allocate({"a": 1000, "b": 3000, "c": 6000}, load_design(path), 100)
    assert got == {"a": 10, "b": 30, "c": 60}


def test_too_small_a_capacity_says_what_fits():
    with pytest.raises(DesignRefused, match="at least 3"):
        allocate({"a": 5, "b": 5, "c": 5}, load_design(), 2)


def test_rules_of_the_panel_stand_in_a_design_and_change_nothing_of_the_draw(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(DEFAULT.read_text(encoding="utf-8") + "\n[panel]\ndouble_share = 0.3\n", encoding="utf-8")
    design = load_design(file)
    assert design.panel == {"double_share": 0.3}
    assert design.design_id == load_design().design_id
    file.write_text(DEFAULT.read_text(encoding="utf-8").replace("capacity =", "panel = 1\ncapacity =", 1), encoding="utf-8")
    with pytest.raises(DesignRefused, match="panel"):
        load_design(file)
