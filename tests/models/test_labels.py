"""What counts as a label, drawn as tables; and the weights beside an exact slow reference."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from statistics import median

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.background import with_background
from models.labels import (
    INVESTIGATIONS,
    STORE,
    VERDICTS,
    design_weights,
    enough,
    from_findings,
    from_investigations,
    from_verdicts,
    is_fraud,
)
from models.specs import all_specs, load_specs

BEFORE = datetime(2026, 10, 1)
SPECS = load_specs()

FRAUD = """
F38-2a  no
F38-2c  yes
F38-2d  no
F38-3   yes
F38-3b  yes
F38-4a  yes
F38-5   yes
F38-51  no
F38-6   no
F38-1a  no
F40-1a  yes
F40-4   yes
P41-3   yes
1-11    no
F38-6 F40-3  yes
F38-2d F38-6  no
"""


@pytest.mark.parametrize("line", FRAUD.strip().splitlines())
def test_fund_codes_that_mean_fraud(line: str) -> None:
    codes, _, expected = line.rpartition(" ")
    assert is_fraud(codes.strip()) == (expected == "yes")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
def test_no_fund_code_is_no_fraud(missing: object) -> None:
    assert not is_fraud(missing)


# rxno, reviewed, class, fund codes, selection, chance -> label unreasonable, fraud ("-" = no label)
VERDICT_TABLE = """
R1 2026-08-01 0 -      random   0.1  | 0 0
R2 2026-08-01 1 -      random   0.1  | 1 0
R3 2026-08-01 3 F38-2d targeted 0.5  | 1 0
R4 2026-08-01 0 F38-2c targeted 0.5  | 0 1
R5 2026-08-01 2 F40-3  clue     1.0  | 1 1
R6 2026-08-01 U F40-3  random   0.1  | - -
R7 2026-10-01 1 -      random   0.1  | - -
R8 2026-08-01 1 -      random   0.1  | - -
"""


def _table() -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    rows, expected = [], {}
    for line in VERDICT_TABLE.strip().splitlines():
        left, right = line.split("|")
        rxno, day, kind, codes, selection, chance = left.split()
        rows.append(
            {
                "rxno": rxno, "reviewed_time": pd.Timestamp(day), "verdict_class": None if kind == "U" else int(kind),
                "fund_codes": None if codes == "-" else codes, "loss_amt": 12.5, "selection": selection,
                "incl_prob": float(chance),
            }
        )  # fmt: skip
        first, second = right.split()
        expected[rxno] = (first, second)
    return pd.DataFrame(rows), expected


@pytest.mark.parametrize(("target", "place"), [("unreasonable", 0), ("fraud", 1)])
@pytest.mark.parametrize("order", [1, -1])
def test_labels_of_verdicts(target: str, place: int, order: int) -> None:
    verdicts, expected = _table()
    quarters = {f"R{n}": "2026Q2" for n in range(1, 8)}  # R8 is not in the data
    spec = SPECS[f"{target}@prescription"]
    labels = from_verdicts(verdicts.iloc[::order], quarters, spec, BEFORE, STORE)
    assert labels.source == STORE
    got = dict(zip(labels.frame["key"], labels.frame["label"].astype(str), strict=True))
    assert got == {rxno: texts[place] for rxno, texts in expected.items() if texts[place] != "-"}
    assert list(labels.frame["key"]) == sorted(got)
    assert set(labels.frame.loc[labels.frame["random"], "key"]) == {"R1", "R2"}


# class, item codes -> label of the family dosage ("-" = no label)
FAMILY_TABLE = """
0 -        | 0
2 2-5      | 1
2 1-12,2-1 | 1
2 2-1      | 0
1 -        | -
0 2-5      | 0
"""


def test_labels_of_a_family_of_review_items() -> None:
    rows, expected = [], {}
    for number, line in enumerate(FAMILY_TABLE.strip().splitlines()):
        left, right = line.split("|")
        kind, items = left.split()
        rows.append(
            {
                "rxno": f"R{number}", "reviewed_time": pd.Timestamp("2026-08-01"), "verdict_class": int(kind),
                "item_codes": None if items == "-" else items.replace(",", " "), "fund_codes": None, "loss_amt": None,
                "selection": "random", "incl_prob": 0.1,
            }
        )  # fmt: skip
        expected[f"R{number}"] = right.strip()
    spec = all_specs()["unreasonable_dosage@prescription"]
    quarters = dict.fromkeys(expected, "2026Q2")
    frame = from_verdicts(pd.DataFrame(rows), quarters, spec, BEFORE, VERDICTS).frame
    got = dict(zip(frame["key"], frame["label"].astype(str), strict=True))
    assert got == {rxno: label for rxno, label in expected.items() if label != "-"}
    assert "target" not in frame


def test_disagreement_of_the_blind_experts_is_kept() -> None:
    verdicts, _ = _table()
    shares = {"R1": 0.5, "R2": 0.5, "R3": 1.0, "R4": 0.0, "R5": None}
    verdicts["soft_label"] = verdicts["rxno"].map(shares)
    quarters = {f"R{n}": "2026Q2" for n in range(1, 6)}
    frame = from_verdicts(verdicts, quarters, SPECS["unreasonable@prescription"], BEFORE, STORE).frame
    got = dict(zip(frame["key"], frame["target"], strict=True))
    assert got == pytest.approx({"R1": 1 / 3, "R2": 2 / 3, "R3": 1.0, "R4": 0.0, "R5": 1.0})
    assert "target" not in from_verdicts(verdicts, quarters, SPECS["fraud@prescription"], BEFORE, STORE).frame


def test_no_verdict_gives_an_empty_frame_with_every_column() -> None:
    verdicts, _ = _table()
    frame = from_verdicts(verdicts, {}, SPECS["fraud@prescription"], BEFORE, VERDICTS).frame
    assert frame.empty
    assert {"key", "quarter", "label", "weight", "known", "random", "loss"} <= set(frame.columns)


# subject, end of the period, established, loss
INVESTIGATED = """
person       P1 2026-03-31 1 100
person       P1 2026-02-01 0 0
person       P2 2026-06-30 0 0
person       P3 2026-10-01 1 50
practitioner P4 2026-06-30 1 10
"""


def test_labels_of_investigations_stand_in_the_quarter_in_which_the_period_ends() -> None:
    columns = ["subject_type", "subject_code", "enddate", "fraud_flag", "loss_amt"]
    findings = pd.DataFrame([line.split() for line in INVESTIGATED.strip().splitlines()], columns=columns)
    findings = findings.astype({"fraud_flag": "int8", "loss_amt": "float64"})
    labels = from_investigations(findings, SPECS["fraud@person"], BEFORE, INVESTIGATIONS)
    got = {(row.key, row.quarter): (row.label, row.loss) for row in labels.frame.itertuples()}
    assert got == {("P1", "2026Q1"): (1, 100.0), ("P2", "2026Q2"): (0, 0.0)}
    assert not labels.frame["known"].any()


# subject, random check, chance, established
CHECKED = """
P1 1 0.01 1
P2 1 0.01 0
P3 0 1 1
P4 0 nan 0
P5 1 0.01 0
P5 0 1 1
P6 1 0.02 0
"""


def test_a_random_check_of_those_nothing_pointed_at_weighs_by_its_chance() -> None:
    rows = [line.split() for line in CHECKED.strip().splitlines()]
    findings = pd.DataFrame(
        {
            "subject_type": "person",
            "subject_code": [row[0] for row in rows],
            "enddate": "2026-03-31",
            "random": [row[1] == "1" for row in rows],
            "incl_prob": [float(row[2]) for row in rows],
            "fraud_flag": [int(row[3]) for row in rows],
            "loss_amt": None,
        }
    )
    frame = from_investigations(findings, SPECS["fraud@person"], BEFORE, INVESTIGATIONS).frame.set_index("key")
    assert frame["random"].to_dict() == {"P1": True, "P2": True, "P3": False, "P4": False, "P5": False, "P6": True}
    assert frame["known"].to_dict() == {"P1": True, "P2": True, "P3": True, "P4": False, "P5": True, "P6": True}
    ratio = (frame["weight"] / frame.loc["P3", "weight"]).round(9).to_dict()
    assert ratio == {"P1": 100.0, "P2": 100.0, "P3": 1.0, "P4": 1.0, "P5": 1.0, "P6": 50.0}
    assert frame.loc["P5", "label"] == 1
    assert frame["stands_for"].dropna().to_dict() == {"P1": 100.0, "P2": 100.0, "P6": 50.0}


def test_checks_and_background_stand_together_for_whom_nothing_pointed_at() -> None:
    """Of 1,000 subjects 20 are pointed at, and 10 of the other 980 checked; nobody counts twice, and none is lost."""
    rows = pd.DataFrame({"key": [f"P{n}" for n in range(1000)], "quarter": "2026Q2"})
    label = pd.DataFrame(
        {"key": [f"P{n}" for n in range(30)], "quarter": "2026Q2", "label": [1] * 15 + [0] * 15, "weight": 1.0}
    )
    label["stands_for"] = [float("nan")] * 20 + [98.0] * 10
    data = rows.merge(label.assign(by_rule=False, random=label["stands_for"].notna()), on=["key", "quarter"])
    found = with_background(replace(SPECS["fraud@person"], background=2.0), rows, data).set_index("key")
    assert found["weight"].sum() == pytest.approx(1000)
    assert (found.loc[[f"P{n}" for n in range(20)], "weight"] == 1).all()
    # Ten checked and sixty presumed clean stand for 980: fourteen each.
    checked = found.loc[[f"P{n}" for n in range(20, 30)], "weight"]
    assert checked.tolist() == pytest.approx([14.0] * 10)
    alone = with_background(replace(SPECS["fraud@person"], background=2.0), rows, data.drop(columns="stands_for"))
    assert (alone.loc[~alone["presumed"], "weight"] == 1).all()


def test_weak_labels_are_whoever_a_rule_points_at() -> None:
    findings = pd.DataFrame(
        {
            "rxno": ["R1", "R2", None, "R4"],
            "psn_no": ["P1", "P2", "P3", "P4"],
            "item_codes": ["1-11", None, "1-2", ""],
            "fund_codes": ["F38-2d", "F40-3", "F38-5", None],
        }
    )
    keys = pd.DataFrame({"key": ["R1", "R2", "R3", "R4"], "quarter": "2026Q2"})
    people = pd.DataFrame({"key": ["P1", "P2", "P3", "P4"], "quarter": "2026Q2"})

    def pointed(name: str, of: pd.DataFrame) -> set[str]:
        frame = from_findings(findings, of, SPECS[name]).frame
        assert len(frame) == len(of)
        return set(frame.loc[frame["label"] == 1, "key"])

    assert pointed("unreasonable@prescription", keys) == {"R1"}
    assert pointed("fraud@prescription", keys) == {"R2"}
    assert pointed("fraud@person", people) == {"P2", "P3"}


def slow_weights(chances: list[float | None], random: list[bool]) -> list[float]:
    """One row at a time, by the definition."""
    raw = [None if p is None or not 0 < p <= 1 else 1 / p for p in chances]
    cut: list[float | None] = []
    for weight, arm in zip(raw, random, strict=True):
        same = [w for w, a in zip(raw, random, strict=True) if a == arm and w is not None]
        cut.append(None if weight is None else min(weight, 10 * median(same)))
    aimed = [w for w, a in zip(cut, random, strict=True) if not a and w is not None]
    known = [w for w in cut if w is not None]
    stand_in = median(aimed) if aimed else median(known) if known else 1.0
    full = [stand_in if w is None else w for w in cut]
    return [w / (sum(full) / len(full)) for w in full]


CHANCE = st.one_of(st.none(), st.floats(1e-4, 1.0), st.sampled_from([0.0, 1.5, -1.0]))


@given(st.lists(st.tuples(CHANCE, st.booleans()), min_size=1, max_size=40))
def test_weights_agree_with_the_slow_reference(drawn: list[tuple[float | None, bool]]) -> None:
    chances, random = [p for p, _ in drawn], [arm for _, arm in drawn]
    frame = design_weights(pd.Series(chances, dtype="float64"), pd.Series(random))
    assert frame["weight"].tolist() == pytest.approx(slow_weights(chances, random))
    assert math.isclose(frame["weight"].mean(), 1.0)
    assert frame["known"].tolist() == [p is not None and 0 < p <= 1 for p in chances]


def test_a_single_rare_draw_is_cut_within_its_own_arm_only() -> None:
    chances, random = [0.1] * 9 + [0.0001] + [1.0] * 30, [True] * 10 + [False] * 30
    weight = design_weights(pd.Series(chances), pd.Series(random))["weight"]
    assert weight[9] == pytest.approx(10 * weight[0])
    assert weight[0] == pytest.approx(10 * weight[20])


def test_enough_counts_both_classes() -> None:
    verdicts, _ = _table()
    labels = from_verdicts(verdicts, {"R1": "2026Q2"}, SPECS["fraud@prescription"], BEFORE, VERDICTS)
    assert not enough(labels, SPECS["fraud@prescription"])
