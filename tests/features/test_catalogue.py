"""The catalogue is complete, names only what exists, and reads as sentences."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from features.catalogue import GRAINS, KEYS, SQL_TYPES, load_catalogue
from features.document import PAGE, page
from features.measured import load_measured
from features.staging import building_order, stage_files
from features.words import reason, usual_text, value_text
from records.contract import load_contract

CATALOGUE = load_catalogue()
EVERY = [pytest.param(feature, id=f"{feature.grain}.{feature.name}") for feature in CATALOGUE]


def test_sizes() -> None:
    least = {"prescription": 25, "person": 14, "practitioner": 12, "institution": 12}
    assert all(len(CATALOGUE.of(grain)) >= least[grain] for grain in GRAINS)


def test_needs_name_what_the_contract_has() -> None:
    contract = load_contract()
    wanted = {choice for f in CATALOGUE for need in f.needs for choice in need.split("|")} - {"findings"}
    assert [choice for choice in sorted(wanted) if not contract.has(choice)] == []


def test_stages_exist_and_every_stage_is_used() -> None:
    wanted = {stage for feature in CATALOGUE for stage in feature.stages}
    order = building_order(wanted | {f"rows_{grain}" for grain in GRAINS})
    assert sorted(order) == sorted(stage_files())


def test_a_file_is_built_after_those_it_reads() -> None:
    order = building_order({"dr_peer", "institution_rx"})
    for place, name in enumerate(order):
        before = {table for earlier in order[:place] for table in stage_files()[earlier].creates}
        assert stage_files()[name].reads <= before


@pytest.mark.parametrize("banned", [r"DISTINCT[^()]*\) OVER", r"RANGE BETWEEN INTERVAL", r"\bepoch\(", r"QUALIFY", r"HUGEINT"])
def test_stages_stay_portable(banned: str) -> None:
    assert [f.name for f in stage_files().values() if re.search(banned, f.sql)] == []


@pytest.mark.parametrize("feature", EVERY)
def test_reasons_read_as_sentences(feature: object) -> None:
    for language in ("zh", "en"):
        said = reason(feature, 1, 0, 1, language)  # type: ignore[arg-type]
        assert "{" not in said
        assert "  " not in said
        assert " ）" not in said
        assert bool(re.search("[\u4e00-\u9fff]", said)) == (language == "zh"), said
        missing = reason(feature, None, 0, 1, language)  # type: ignore[arg-type]
        assert missing.startswith((feature.zh, feature.en))  # type: ignore[attr-defined]


def test_values_in_words() -> None:
    overlap = CATALOGUE.feature("prescription", "overlap_days")
    said = reason(overlap, 21, 0, 2, "zh")
    assert said == "与家中尚余药品重叠 21 天的供药（同类通常 0 至 2）"
    share = CATALOGUE.feature("prescription", "fund_share")
    assert value_text(share, 0.7) == "70%"
    assert usual_text(share, 0.5, 0.5) == "50%"
    assert usual_text(share, float("nan"), 0.5, "en") == "unknown"
    night = CATALOGUE.feature("prescription", "night")
    assert reason(night, True, 0, 0, "en") == "written between 20:00 and 07:00: yes (usually no)"
    assert usual_text(night, 0, 1, "zh") == "是与否都有"
    gap = CATALOGUE.feature("prescription", "same_drug_gap")
    assert reason(gap, None, 1, 2, "zh") == "距上次同一药品天数：此前没有同一药品的供药"
    for missing in (float("nan"), pd.NA, pd.NaT):
        assert reason(gap, missing, 1, 2, "zh").endswith("此前没有同一药品的供药")
    amount = CATALOGUE.feature("prescription", "total_amount")
    assert value_text(amount, 1234.5) == "1,234.50"


def test_names_and_types() -> None:
    for feature in CATALOGUE:
        assert feature.sql_type in SQL_TYPES.values()
        assert feature.name not in {"as_of", *KEYS.values()}
        assert feature.definition.endswith(".")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(KeyError):
        CATALOGUE.of("ward")
    with pytest.raises(KeyError):
        CATALOGUE.feature("person", "total_amount")


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CATALOGUE, load_measured(CATALOGUE)), "run: python -m features.document"
