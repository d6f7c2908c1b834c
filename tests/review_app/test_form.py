"""The verdict form as data: from draft to verdict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from panel.tables import item_codes
from panel.verdict_input import LineInput, VerdictInput, check
from records.errors import WrongUse
from records.words import translator
from review_app import form

ZH = translator("review_app", "zh")


def test_every_item_code_has_a_key_of_its_class() -> None:
    keyed = [pair for chosen in ("1", "2", "3") for pair in form.codes_of_class(chosen)]
    assert [code for _, code in keyed] == list(item_codes())
    for chosen in ("1", "2", "3"):
        keys = [key for key, _ in form.codes_of_class(chosen)]
        assert len(keys) == len(set(keys))
        assert keys[0] == "1"


def test_choosing_codes_of_one_class_leaves_the_others() -> None:
    content: dict[str, Any] = {"items_0": ["1-3"], "items_2": ["2-7"]}
    changed = form.with_codes(content, 0, "2", ["2-7", "2-5"])
    assert changed == {"items_0": ["1-3", "2-5", "2-7"], "verdict_class": "2"}
    content.update(changed)
    assert form.with_codes(content, 0, "1", [])["items_0"] == ["2-5", "2-7"]
    assert form.class_shown(content) == "2"


def test_a_content_becomes_a_verdict_that_the_panel_takes() -> None:
    content = {"verdict_class": "2", "items_0": [], "items_2": ["2-7"], "funds_2": ["F38-2e"], "loss_2": "12.00",
               "severity": "minor", "record_seen": True, "comment": " 重复 "}  # fmt: skip
    given = form.input_of(content, 40)
    line = LineInput(2, ("2-7",), ("F38-2e",), "12.00", "")
    assert given == VerdictInput("2", (), (), None, True, "重复", (line,), "minor", 40)
    assert check(given, Decimal(100)) == given
    assert form.total_loss(content) == Decimal("12.00")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ({}, None),
        ({"verdict_class": "0"}, "0"),
        ({"verdict_class": "1", "items_0": ["3-1"]}, "3"),
        ({"verdict_class": "U"}, "U"),
    ],
)
def test_the_class_is_the_worst_of_the_codes(content: dict[str, Any], shown: str | None) -> None:
    assert form.class_shown(content) == shown


def test_nothing_chosen_is_no_verdict_and_a_fund_code_alone_is_reasonable() -> None:
    with pytest.raises(WrongUse, match="Choose a class"):
        form.input_of({"comment": "x"}, None)
    assert form.input_of({"funds_0": ["F38-3a"]}, None).verdict_class == "0"


@pytest.mark.parametrize(
    ("content", "blank"),
    [
        ({}, True),
        ({"verdict_class": "0", "comment": " "}, True),
        ({"items_0": []}, True),
        ({"verdict_class": "2"}, False),
        ({"items_1": ["2-1"]}, False),
        ({"comment": "x"}, False),
    ],
)
def test_what_one_stroke_would_lose(content: dict[str, Any], blank: bool) -> None:
    assert form.is_blank(content) is blank


def test_a_draft_of_the_first_form_is_taken_over() -> None:
    old = {"verdict_class": "2", "item_codes": ["2-5"], "fund_codes": [], "loss_amt": "3.00", "comment": "x"}
    assert form.content_of(old) == {"verdict_class": "2", "items_0": ["2-5"], "funds_0": [], "loss_0": "3.00", "comment": "x"}
    assert form.content_of(None) == {}


def test_a_summary_says_what_is_recorded_where() -> None:
    content = {"items_0": ["1-3"], "items_2": ["2-7"], "funds_2": ["F38-2e"], "loss_2": "12.00"}
    assert form.summary(content, ZH, "zh") == [
        "整张处方: 1-3 药师未做适宜性审核", "第2行: 2-7 重复给药；F38-2e 重复开药 · 12.00 元",
    ]  # fmt: skip
    assert form.outcome({**content, "severity": "serious"}, ZH, "zh") == "2 用药不适宜 · 严重"


def test_an_amount_that_is_none_adds_up_to_nothing() -> None:
    assert form.total_loss({"loss_0": "soon"}) is None
    assert form.total_loss({}) is None
