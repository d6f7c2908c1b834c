"""The verdict form as data: from draft to verdict."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from panel.tables import item_codes
from panel.verdict_input import LineInput, VerdictInput, check
from records.errors import WrongUse
from records.words import translator
from review_app import form
from review_app.presenters import one_of

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
    given = form.input_of(content, 40, {0: "100.00"})
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
        form.input_of({"comment": "x"}, None, {})
    assert form.input_of({"funds_0": ["F38-3a"]}, None, {}).verdict_class == "0"


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


@pytest.mark.parametrize(("content", "zh"), [
    ({"funds_0": ["F38-3a"], "loss_0": "abc"}, "金额须为数字"), ({"funds_0": ["F38-3a"], "loss_0": "1.234"}, "金额须为数字"),
    ({"funds_1": ["F38-3a"], "loss_1": "20.01"}, "金额20.01元超过这里的全部金额20.00元"),
    ({"verdict_class": "2", "loss_0": "3"}, "填写了金额就须选"),
    ({"verdict_class": "U", "funds_0": ["F38-3a"]}, "“无法判断”不能带代码或金额"),
])  # fmt: skip
def test_what_cannot_be_meant_is_said_in_both_languages(content: dict[str, Any], zh: str) -> None:
    most = form.amounts_of({"total_amt": "70.00", "lines": [{"line": 1, "net_amt": "20.00"}]})
    with pytest.raises(WrongUse) as refused:
        form.input_of(content, None, most)
    told, other = one_of(str(refused.value), "zh"), one_of(str(refused.value), "en")
    assert told.startswith(zh)
    assert not re.search("[A-Za-z]{2}", told)
    assert other.isascii()
    assert len(other) > 20


def test_an_amount_within_what_there_is_is_taken() -> None:
    most = {0: "70.00", 1: "20.00"}
    given = form.input_of({"funds_1": ["F38-3a"], "loss_1": "20.00"}, None, most)
    assert given.lines[0].loss_amt == "20.00"
    assert form.amount_problem({}, 0, most) is None
