"""What is wrong in the city of the demo, who only looks it, and that counting signs does not tell them apart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from records.periods import Quarter
from simulator.catalogue import parameters
from simulator.city import simulate
from simulator.describe import average_precision, describe, sign_names, signs
from simulator.visits import INNOCENTS

KINDS = list(parameters()["kinds"])
SCHEMES = [name for name, entry in parameters()["schemes"].items() if entry["fund"]]
PERSONAL = ("resale", "impersonation", "gang", "collusion", "after_death")


@pytest.fixture(scope="module")
def frame(town: Path) -> pd.DataFrame:
    return signs(town)


@pytest.fixture(scope="module")
def subject(town: Path) -> pd.DataFrame:
    return pd.read_parquet(town / "truth" / "subject.parquet")


def holds(frame: pd.DataFrame, column: str, name: str) -> pd.Series:
    return frame[column].fillna("").str.split().map(lambda marks: name in marks)


def test_there_are_kinds_and_schemes_enough_over_many_codes() -> None:
    assert len(KINDS) >= 14
    assert len(parameters()["schemes"]) >= 9
    items = {code for entry in parameters()["kinds"].values() for code in entry["items"].split()}
    assert len(items) >= 20
    assert {code.split("-")[0] for code in items} == {"1", "2", "3"}


def test_the_city_has_the_size_it_should(town: Path, frame: pd.DataFrame) -> None:
    quarters = frame.groupby(frame.prsc_time.dt.to_period("Q")).size() / 20_000
    assert len(quarters) == 5
    assert quarters.between(1.1, 1.5).all()
    lines = len(pd.read_parquet(town / "fee_line.parquet", columns=["cnt"]))
    assert 2.3 < lines / len(frame) < 2.7


def test_prevalences_are_believable(frame: pd.DataFrame, subject: pd.DataFrame) -> None:
    assert 0.06 < frame.bad.mean() < 0.14
    for _, quarter in frame.groupby(frame.prsc_time.dt.to_period("Q")):
        assert 0.003 < quarter.misuse.mean() < 0.008
    share = subject.groupby("subject_type").fraud_flag.mean()
    assert 0.007 < share["person"] < 0.015
    assert 0.02 < share["practitioner"] < 0.06
    assert 0.02 < share["institution"] < 0.06
    assert subject.groupby("subject_type").fraud_flag.sum()["institution"] >= 2


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_happens_and_carries_its_codes(frame: pd.DataFrame, kind: str) -> None:
    marked = frame[holds(frame, "kind", kind)]
    entry = parameters()["kinds"][kind]
    assert 50 < len(marked) < 0.02 * len(frame)
    assert (marked.verdict_class >= entry["class"]).all()
    assert marked.item_codes.map(lambda codes: set(entry["items"].split()) <= set(codes.split())).all()
    assert marked.dr_codg.nunique() > 10
    assert marked.prsc_time.dt.to_period("Q").nunique() == 5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_acts_and_carries_its_code(frame: pd.DataFrame, scheme: str) -> None:
    marked = frame[holds(frame, "kind", scheme)]
    assert len(marked) >= 15
    assert (marked.fund_codes == parameters()["schemes"][scheme]["fund"]).all()
    assert marked.loss_amt.astype(float).gt(0).any()
    assert marked.amount.nunique() > 5
    assert marked.prsc_time.dt.to_period("Q").nunique() >= 3


@pytest.mark.parametrize("scheme", list(parameters()["schemes"]))
def test_each_scheme_has_subjects(subject: pd.DataFrame, scheme: str) -> None:
    assert (subject.scheme == scheme).sum() >= 1


def test_guilty_persons_are_where_their_prescriptions_are(frame: pd.DataFrame, subject: pd.DataFrame) -> None:
    scheme = subject[subject.subject_type == "person"].set_index("subject_code").scheme
    for name in PERSONAL:
        marked = frame[holds(frame, "kind", name)]
        assert (scheme.loc[marked.psn_no] == name).all(), name


def test_nobody_s_habit_is_a_prescription_s_violation(frame: pd.DataFrame, subject: pd.DataFrame) -> None:
    paid = subject[subject.scheme == "kickback"].subject_code
    assert not holds(frame, "kind", "kickback").any()
    assert frame[frame.dr_codg.isin(set(paid))].misuse.mean() < 0.05


@pytest.mark.parametrize("why", INNOCENTS)
def test_each_innocent_is_there_and_innocent(frame: pd.DataFrame, why: str) -> None:
    marked = frame[holds(frame, "innocent", why)]
    assert len(marked) >= 5
    assert (marked.verdict_class == 0).all()
    assert marked.fund_codes.isna().all()


def test_the_innocent_look_guilty(frame: pd.DataFrame) -> None:
    for why, sign, least in (
        ("registered_long", "over_days", 0.8),
        ("written_reason", "over_days", 0.9),
        ("tuberculosis", "over_days", 0.7),
        ("nursing_home", "burst", 0.3),
        ("split_pack", "code_twice", 0.9),
        ("returned_box", "code_twice", 0.9),
        ("trade_name", "own_name", 0.95),
        ("ward_line", "drug_charged_again", 0.9),
        ("follow_up", "several_a_day", 0.9),
        ("death_recorded_early", "after_death", 0.9),
        ("out_of_stock", "billed_other", 0.95),
        ("late_renewal", "benefit_unregistered", 0.95),
    ):
        assert frame[holds(frame, "innocent", why)][sign].mean() >= least, why
    costly = frame[holds(frame, "innocent", "oncology")].amount.median()
    assert costly > 2 * frame.amount.median()
    visits = frame[holds(frame, "innocent", "dialysis")].groupby("psn_no").size()
    assert (visits > 100).all()
    twins = frame[holds(frame, "innocent", "twins")]
    together = twins.groupby(["dr_codg", twins.prsc_time.dt.date]).psn_no.nunique()
    assert (together >= 2).mean() > 0.6  # of the others one has a mark of guilt


def test_the_epidemic_has_its_week(frame: pd.DataFrame) -> None:
    marked = frame[holds(frame, "innocent", "epidemic")]
    for _, quarter in marked.groupby(marked.prsc_time.dt.to_period("Q")):
        assert quarter.prsc_time.dt.date.nunique() <= 10
    days = frame.groupby(frame.prsc_time.dt.date).size()
    assert days.max() > 1.6 * days.median()


def test_no_sign_and_no_count_of_signs_solves_it(frame: pd.DataFrame) -> None:
    for label, ceiling in (("bad", 0.45), ("misuse", 0.15)):
        hit = frame[label].to_numpy(dtype=float)
        for ranking in ("amount", "signs", "fraud_signs"):
            assert average_precision(hit, frame[ranking].to_numpy(dtype=float)) < ceiling, (label, ranking)
    quiet = frame[frame.signs == 0]
    assert quiet.bad.sum() > 0.15 * frame.bad.sum()
    assert frame[frame.signs > 0].bad.mean() < 0.5


def test_context_decides_where_the_sign_is_the_same(frame: pd.DataFrame) -> None:
    signed = frame[frame.antibacterial_for_virus]
    assert 0.3 < signed.bad.mean() < 0.8
    late = frame[frame.over_days & (frame.long_rx_flag == 0)] if "long_rx_flag" in frame else frame[frame.over_days]
    assert 0.05 < late.bad.mean() < 0.6


def test_the_description_names_everything(town: Path, frame: pd.DataFrame) -> None:
    text = "\n".join(describe(town))
    for name in (*KINDS, *SCHEMES, *INNOCENTS, *sign_names(frame)[:3]):
        assert name in text


def test_the_page_shows_what_the_command_prints(town: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert "\n".join(describe(town)) in page, "run: python -m simulator.describe city, and put what it prints in the page"


@pytest.mark.parametrize("persons", [100, 250])
def test_the_smallest_cities_can_be_made(tmp_path: Path, persons: int) -> None:
    simulate(persons, 2, Quarter.parse("2026Q3"), 4, False, tmp_path / "city")
    assert len(pd.read_parquet(tmp_path / "city" / "prescription.parquet")) > persons
