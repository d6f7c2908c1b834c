"""Prescribed lines beside fee lines, rights and registrations of the city of the demo, and clues about whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from records.periods import Quarter
from simulator.block import Block, draw
from simulator.calendar import Calendar
from simulator.catalogue import catalogue, parameters
from simulator.places import build_city

QUARTER = Quarter.parse("2026Q3")
NAMES = catalogue().drug.set_index("med_list_codg").drug_genname
NARCOTIC = set(catalogue().drug.med_list_codg[catalogue().narcotic])


def table(town: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(town / f"{name}.parquet")


@pytest.fixture(scope="module")
def prescribed(town: Path) -> pd.DataFrame:
    return table(town, "prescription_line")


@pytest.fixture(scope="module")
def rx(town: Path) -> pd.DataFrame:
    truth = table(town, "truth/prescription").set_index("rxno")[["kind", "fund_codes", "innocent"]]
    joined = table(town, "prescription").join(truth, on="rxno")
    return joined.fillna({"kind": "", "innocent": ""}).set_index("rxno")


@pytest.fixture(scope="module")
def charged(town: Path, prescribed: pd.DataFrame) -> pd.DataFrame:
    """First charges of drugs on prescriptions whose prescribed lines are sent, but for lines spoilt on purpose."""
    lines, faults = table(town, "fee_line"), table(town, "truth/faults")
    lines = lines[~lines.feedetl_sn.isin(set(faults.key)) & ~lines.setl_id.str.endswith(("R", "A")) & lines.rxno.notna()]
    return lines[lines.rxno.isin(set(prescribed.rxno))]


def test_a_share_of_the_hospitals_sends_them_and_then_of_all_prescriptions(
    town: Path, prescribed: pd.DataFrame, rx: pd.DataFrame
) -> None:
    city = build_city(20_000, 7, False)
    sends = set(city.institution.fixmedins_code[city.institution.sends_lines])
    hospitals = table(town, "institution").query("fixmedins_type == '1'").fixmedins_code
    assert sends < set(hospitals)
    assert len(sends) == round(parameters()["places"]["sends_lines"] * len(hospitals))
    assert set(prescribed.rxno) == set(rx.index[rx.fixmedins_code.isin(sends)])
    assert 0.3 < prescribed.rxno.nunique() / len(rx) < 0.9


def test_who_sends_is_the_same_in_a_city_without_guilt() -> None:
    guilty, clean = (build_city(3000, 5, clean).institution.sends_lines for clean in (False, True))
    assert guilty.tolist() == clean.tolist()


def test_lines_are_numbered_and_a_fee_line_names_the_one_it_settles(prescribed: pd.DataFrame, charged: pd.DataFrame) -> None:
    numbers = prescribed.groupby("rxno").rx_line_no
    assert (numbers.min() == 1).all()
    assert (numbers.max() == numbers.size()).all()
    named = charged[charged.rx_line_no.notna()]
    joined = named.merge(prescribed, on=["rxno", "rx_line_no"], how="left", suffixes=("", "_rx"))
    assert joined.med_list_codg.notna().all()
    same = joined[joined.hilist_code == joined.med_list_codg]
    assert len(same) > 0.98 * len(joined)
    same = same[same.feedetl_sn.str[-2:].astype(int) < 50]  # what is charged again leaves out what it will
    for column in ("cnt", "sin_doscnt", "sin_dosunt", "used_frqu_codg", "medc_way_codg", "prd_days"):
        paid, written = (same[name].astype(object).where(same[name].notna(), None) for name in (column, f"{column}_rx"))
        assert paid.tolist() == written.tolist(), column


def test_some_fee_lines_name_no_line_and_most_of_them_are_a_pharmacy_s(
    town: Path, rx: pd.DataFrame, prescribed: pd.DataFrame, charged: pd.DataFrame
) -> None:
    outside, missing = charged.rxno.map(rx.rx_circ_flag) == 1, parameters()["missing"]
    assert charged.rx_line_no[~outside].isna().mean() == pytest.approx(missing["rx_line_no"], abs=0.01)
    assert charged.rx_line_no[outside].isna().mean() == pytest.approx(missing["rx_line_no_outside"], abs=0.05)
    others = table(town, "fee_line")
    assert others.rx_line_no[~others.rxno.isin(set(prescribed.rxno))].isna().all()


def test_a_few_lines_are_never_charged_but_something_always_is(prescribed: pd.DataFrame, charged: pd.DataFrame) -> None:
    settled = set(zip(charged.rxno, charged.rx_line_no, strict=True))
    complete = charged.groupby("rxno").rx_line_no.agg(lambda numbers: numbers.notna().all())
    lines = prescribed[prescribed.rxno.isin(set(complete.index[complete]))]
    there = pd.Series([key in settled for key in zip(lines.rxno, lines.rx_line_no, strict=True)], index=lines.index)
    # Of those spoilt on purpose the fee line is not looked at here: they are two in a thousand.
    later = (lines.rx_line_no > 1) & lines.group_no.isna()
    assert 0.006 < 1 - there[later].mean() < 0.014
    assert 1 - there[~later].mean() < 0.004


def test_what_was_charged_and_not_prescribed_is_another_maker_s_or_a_scheme(
    rx: pd.DataFrame, prescribed: pd.DataFrame, charged: pd.DataFrame
) -> None:
    known = set(zip(prescribed.rxno, prescribed.med_list_codg, strict=True))
    other = charged[[key not in known for key in zip(charged.rxno, charged.hilist_code, strict=True)]]
    by_rx = rx.loc[other.rxno]
    innocent = by_rx.innocent.str.contains("out_of_stock").to_numpy()
    guilty = by_rx.kind.ne("").to_numpy()
    assert innocent.sum() > 200
    assert (innocent | guilty).all()
    generics = prescribed.assign(name=prescribed.med_list_codg.map(NAMES))
    pairs = set(zip(generics.rxno, generics.name, strict=True))
    alike = pd.Series([(key, NAMES[code]) in pairs for key, code in zip(other.rxno, other.hilist_code, strict=True)])
    assert alike[innocent].all()
    assert 0.002 < len(other) / len(charged) < 0.01


@pytest.fixture(scope="module")
def sending() -> Block:
    """A block of a city in which every hospital, the guilty one too, sends its prescribed lines."""
    city = build_city(6000, 3, False)
    city.institution["sends_lines"] = city.institution.fixmedins_type == "1"
    return draw(city, Calendar(QUARTER, 3), 0)


def plain(found: Any) -> pd.DataFrame:
    """Rows with texts rather than categories, which cannot be compared with each other."""
    return pd.DataFrame(found.to_pydict())


def test_a_scheme_charges_another_drug_than_was_prescribed(sending: Block) -> None:
    truth, lines, prescribed = (
        plain(frame) for frame in (sending.truth_table, sending.tables["fee_line"], sending.tables["prescription_line"])
    )
    guilty = set(truth.rxno[["substitution" in str(kind) for kind in truth.kind]])
    lines = lines[lines.rxno.isin(guilty) & lines.feedetl_sn.str.endswith("00")]
    known = set(zip(prescribed.rxno, prescribed.med_list_codg, strict=True))
    other = pd.Series([key not in known for key in zip(lines.rxno, lines.hilist_code, strict=True)], index=lines.index)
    named = lines.medins_list_name != lines.hilist_name
    assert len(guilty) > 15
    assert 0.15 < other.mean() < 0.65
    assert named.sum() > 5
    assert not (other & named).any()
    assert lines.hilist_code[other].nunique() > 2


def test_a_decoction_is_charged_as_prescribed(sending: Block) -> None:
    prescribed, lines = (plain(sending.tables[name]) for name in ("prescription_line", "fee_line"))
    pieces = prescribed[prescribed.group_no == 1]
    paid = set(zip(lines.rxno, lines.hilist_code, strict=True))
    assert len(pieces) > 500
    assert (pieces.cnt_unit == "g").all()
    assert pd.Series([key in paid for key in zip(pieces.rxno, pieces.med_list_codg, strict=True)]).mean() > 0.99


def test_narcotics_without_the_right_are_a_kind_and_no_habit(town: Path, rx: pd.DataFrame) -> None:
    lines = table(town, "fee_line")
    right = table(town, "practitioner").set_index("dr_codg").narcotic_flag
    held = rx.loc[lines.rxno[lines.hilist_code.isin(NARCOTIC)].dropna().unique()]
    without = held[held.dr_codg.map(right) == 0]
    assert (without.kind.str.contains("no_right") | without.innocent.str.contains("context") | without.kind.ne("")).all()
    assert 0.6 < without.kind.str.contains("no_right").mean() < 0.95
    assert rx.dr_codg[rx.kind.str.contains("no_right")].map(right).eq(0).all()
    quarter = without[without.prsc_time >= QUARTER.begin]
    assert 0.0005 < len(quarter) / (rx.prsc_time >= QUARTER.begin).sum() < 0.003


def test_the_benefit_is_claimed_without_registration_by_the_late_and_by_schemes(town: Path, rx: pd.DataFrame) -> None:
    settled, registered = table(town, "settlement"), table(town, "opsp_registration")
    spoilt = set(table(town, "truth/faults").key)
    claimed = settled[settled.med_type.str.startswith("14") & (settled.refd_setl_flag == 0) & ~settled.setl_id.isin(spoilt)]
    assert claimed.dise_codg.notna().all()
    claimed = claimed.assign(rxno="RX" + claimed.mdtrt_id.str[1:]).merge(
        registered, left_on=["psn_no", "dise_codg"], right_on=["psn_no", "opsp_dise_code"], how="left", suffixes=("", "_reg")
    )
    day = claimed.setl_id.map(settled.set_index("setl_id").begndate).dt.normalize()
    begin, end = pd.to_datetime(claimed.begndate_reg), pd.to_datetime(claimed.enddate_reg).fillna(pd.Timestamp("2099-12-31"))
    valid = (begin <= day) & (day <= end)
    by_rx = rx.loc[claimed.rxno[~valid.groupby(claimed.rxno).transform("any")].unique()]
    late = by_rx.innocent.str.contains("late_renewal")
    scheme = by_rx.kind.str.contains("resale|impersonation")
    assert late.sum() > 50
    assert scheme.sum() > 20
    # What else is wrong with a prescription leaves no mark of innocence on it.
    assert (late | scheme | by_rx.kind.ne("") | by_rx.fund_codes.notna()).all()
    assert len(by_rx) < 0.03 * claimed.rxno.nunique()


def test_yearly_registrations_follow_each_other_with_a_gap(town: Path) -> None:
    frame = table(town, "opsp_registration").sort_values(["psn_no", "begndate"])
    yearly = frame[frame.enddate.notna()]
    assert 0.2 < yearly.psn_no.nunique() / frame.psn_no.nunique() < 0.4
    assert not frame[frame.enddate.isna()].psn_no.duplicated().any()
    gap = pd.to_datetime(yearly.groupby("psn_no").begndate.shift(-1)) - pd.to_datetime(yearly.enddate)
    days = gap.dropna().dt.days
    assert days.between(2, parameters()["people"]["late_days"] + 1).all()
    assert days.nunique() > 15
    assert (pd.to_datetime(frame.begndate) < QUARTER.end).all()


def test_clues_are_about_every_kind_of_subject_and_mostly_wrong(town: Path) -> None:
    clue, subject = table(town, "clue"), table(town, "truth/subject")
    assert clue.clue_id.is_unique
    assert set(clue.subject_type) == {"prescription", "institution", "person", "practitioner"}
    assert clue.received_time.between("2025-07-01", QUARTER.end).all()
    guilty = subject[subject.fraud_flag == 1]
    for kind, least in (("person", 20), ("practitioner", 10)):
        about = clue[clue.subject_type == kind]
        assert set(about.subject_code) <= set(subject.subject_code[subject.subject_type == kind])
        right = about.subject_code.isin(set(guilty.subject_code))
        assert len(about) >= least
        assert 0.1 < right.mean() < 0.65, kind
        assert set(about.clue_text[right]) & set(about.clue_text[~right])


def test_a_city_of_5000_has_narcotics_without_the_right_and_clues_about_people(tmp_path: Path) -> None:
    from simulator.city import simulate

    simulate(5000, 5, QUARTER, 0, False, tmp_path / "city")
    lines = pq.read_table(tmp_path / "city" / "fee_line.parquet", columns=["hilist_code", "bilg_dr_codg"]).to_pandas()
    doctors = table(tmp_path / "city", "practitioner").set_index("dr_codg").narcotic_flag
    held = lines[lines.hilist_code.isin(NARCOTIC)]
    assert 1 <= (held.bilg_dr_codg.map(doctors) == 0).sum() <= 20
    assert {"person", "practitioner"} <= set(table(tmp_path / "city", "clue").subject_type)
