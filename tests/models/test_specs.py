from __future__ import annotations

from pathlib import Path

import pytest

from features.catalogue import load_catalogue
from models.specs import all_specs, load_families, load_specs, spec_named
from records.errors import WrongUse

NAMES = {
    "unreasonable@prescription", "fraud@prescription", "fraud@person", "fraud@practitioner", "fraud@institution",
}  # fmt: skip
FILE = Path(__file__).parents[2] / "models" / "specs" / "fraud_person.toml"


def test_every_target_and_grain_of_the_contract_has_a_specification() -> None:
    specs = load_specs()
    assert set(specs) == NAMES
    assert {name: spec.key for name, spec in specs.items()} == {
        "unreasonable@prescription": "rxno", "fraud@prescription": "rxno", "fraud@person": "psn_no",
        "fraud@practitioner": "dr_codg", "fraud@institution": "fixmedins_code",
    }  # fmt: skip


def test_baselines_and_groups_that_a_specification_names_are_in_the_catalogue() -> None:
    for spec in load_specs().values():
        features = {feature.name: feature for feature in load_catalogue().of(spec.grain)}
        assert {column for _, column in spec.baselines} <= set(features), spec.name
        assert set(spec.weak_leaves_out) <= {feature.group for feature in features.values()}, spec.name


def test_every_review_item_belongs_to_one_family_but_for_the_one_that_says_nothing() -> None:
    items = [f"1-{n}" for n in range(1, 16)] + [f"2-{n}" for n in range(1, 9)] + [f"3-{n}" for n in range(1, 5)]
    named = [code for spec in load_families().values() for code in spec.item_codes]
    assert sorted(named) == sorted(items)
    assert len(load_families()) == 6
    assert all(spec.is_family and spec.grain == "prescription" for spec in load_families().values())
    assert not any(spec.is_family for spec in load_specs().values())


def test_what_is_demanded_of_features_agrees_with_the_catalogue() -> None:
    for spec in all_specs().values():
        for name, sign in spec.constrained:
            assert load_catalogue().feature(spec.grain, name).monotone == sign, (spec.name, name)
    assert dict(load_specs()["unreasonable@prescription"].constrained)["overlap_days"] == 1


def test_adding_a_model_is_adding_a_file(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    (tmp_path / "b.toml").write_text(text.replace('target = "fraud"', 'target = "hoarding"'), encoding="utf-8")
    assert set(load_specs(tmp_path)) == {"fraud@person", "hoarding@person"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('grain = "person"', 'grain = "household"'),
        ("weight_power", "weight_powers"),
        ("capacity_share = 0.01", "capacity_share = 0.0"),
        ("[parameters]", "[settings]"),
        ("[parameters]", "[constrained]\namount_90d = 2\n[parameters]"),
    ],
)
def test_a_faulty_specification_is_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "odd.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(WrongUse, match=r"odd\.toml"):
        load_specs(tmp_path)


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(WrongUse, match="unreasonable@prescription"):
        spec_named("unreasonable@moon")
    assert spec_named("unreasonable_cost@prescription").item_codes == {"2-4", "3-2"}
