"""The turns of a quarter rest on the earlier frames of its cycle: one that was drawn and is gone is said, never guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sampling.design
from panel.cases import open_cases
from panel.store import open_store
from pipelines.sampling import refuse_used_seed, rotation_of
from records.errors import DesignRefused, WrongUse
from records.periods import Quarter
from records.workplace import Workplace
from sampling.design import load_design
from sampling.rotation import Before, Rotation

DESIGN = load_design(Path(sampling.design.__file__).parent / "designs" / "two_stage.toml")
SECOND = Quarter(2026, 2)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.delenv("RXPANEL_DATABASE_URL", raising=False)
    return Workplace(tmp_path)


def leave_frame(workplace: Workplace, quarter: str) -> Path:
    frame = pd.DataFrame(
        {"rxno": ["R1", "R2"], "fixmedins_code": ["V1", "V2"], "stratum": "s", "incl_prob": 0.5, "institution_prob": 0.25,
         "institution_first": 0.25, "institution_drawn": [True, False]}
    )  # fmt: skip
    path = workplace.quarter(quarter) / "frame.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
    return path


def test_an_earlier_quarter_that_was_never_run_is_absent_and_one_that_was_is_read(workplace: Workplace) -> None:
    assert rotation_of(workplace, SECOND, DESIGN) == Rotation(1)
    leave_frame(workplace, "2026Q1")
    assert rotation_of(workplace, SECOND, DESIGN) == Rotation(
        1, ({"V1": Before(0.25, True, 0.25), "V2": Before(0.25, False, 0.25)},)
    )


def test_a_year_begins_with_what_the_last_quarter_drew(workplace: Workplace) -> None:
    assert rotation_of(workplace, Quarter(2027, 1), DESIGN) == Rotation()
    leave_frame(workplace, "2026Q4")
    last = {"V1": Before(0.25, True, 0.25), "V2": Before(0.25, False, 0.25)}
    assert rotation_of(workplace, Quarter(2027, 1), DESIGN) == Rotation(last=last)
    # In the second quarter of the year that is over, and a quarter left out is no neighbour.
    assert rotation_of(workplace, Quarter(2027, 2), DESIGN) == Rotation(1)
    assert rotation_of(workplace, Quarter(2027, 1), replace(DESIGN, overlap="free")) == Rotation()


def test_a_drawn_quarter_whose_frame_is_gone_is_refused_by_what_the_store_knows(workplace: Workplace) -> None:
    frame = leave_frame(workplace, "2026Q1")
    with open_store(workplace.store_url()) as store:
        open_cases(store, "2026Q1", {}, pd.DataFrame(columns=["rxno", "draw_order", "seed"]), {})
    assert rotation_of(workplace, SECOND, DESIGN).earlier
    frame.unlink()
    with pytest.raises(DesignRefused, match=r"2026Q1 was drawn, but its frame\.parquet.*run 2026Q1 again"):
        rotation_of(workplace, SECOND, DESIGN)
    # The cycle begins anew with the year: what lies before its last quarter does not matter.
    assert rotation_of(workplace, Quarter(2026, 1), DESIGN) == Rotation(0)


def test_a_sample_without_its_frame_is_refused_too(workplace: Workplace) -> None:
    leave_frame(workplace, "2026Q1").rename(workplace.quarter("2026Q1") / "sample.parquet")
    with pytest.raises(DesignRefused, match="run 2026Q1 again"):
        rotation_of(workplace, Quarter(2026, 3), DESIGN)


def test_a_seed_of_a_quarter_that_the_turns_rest_on_is_refused(workplace: Workplace) -> None:
    path = workplace.quarter("2026Q1") / "sample.parquet"
    path.parent.mkdir(parents=True)
    pd.DataFrame({"rxno": ["R1"], "seed": ["7"]}).to_parquet(path)
    for quarter in (SECOND, Quarter(2026, 4)):
        with pytest.raises(WrongUse, match="2026Q1 was drawn with this seed"):
            refuse_used_seed(workplace, quarter, DESIGN, "7")
        refuse_used_seed(workplace, quarter, DESIGN, "8")
        refuse_used_seed(workplace, quarter, replace(DESIGN, rotated=()), "7")
    refuse_used_seed(workplace, Quarter(2027, 1), DESIGN, "7")
