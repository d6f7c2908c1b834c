"""From payload to what is shown, and the words of every screen."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from records.words import catalogue, translator
from review_app import look, presenters

APP = Path(presenters.__file__).parent
LINE: dict[str, Any] = {
    "line": 1, "drug_genname": "甲片", "med_list_codg": "XA", "strength": "5.0000", "strength_unit": "mg",
    "sin_doscnt": "10.0000", "sin_dosunt": "MG", "used_frqu_codg": "12", "per_day": "2.000000", "medc_way_codg": "1",
    "prd_days": "7.00", "cnt": "2.0000", "net_amt": "20.00", "max_daily_dose": "15.0000", "lmt_text": None,
}  # fmt: skip
ZH = translator("review_app", "zh")


@pytest.mark.parametrize(
    ("change", "dose"),
    [
        ({}, Decimal(20)),
        ({"sin_dosunt": "片"}, None),
        ({"per_day": None}, None),
        ({"sin_doscnt": None}, None),
    ],
)
def test_a_daily_dose_is_told_only_where_the_units_agree(change: dict[str, Any], dose: Decimal | None) -> None:
    assert presenters.daily_dose({**LINE, **change}) == dose


def test_a_dose_over_the_label_is_marked_and_not_by_colour_alone() -> None:
    (row,) = presenters.lines({"lines": [LINE]}, ZH, "zh")
    assert row["日剂量"] == "▲ 20 mg"
    assert row["说明书上限"] == "15 mg"
    assert row["用法用量"] == "10 MG bid 口服"
    assert row["金额"] == "20.00 元"


@pytest.mark.parametrize(("days", "text"), [(10, "10 天"), (300, "10 个月"), (800, "2 岁"), (None, "—")])
def test_ages_in_the_unit_doctors_use(days: int | None, text: str) -> None:
    assert presenters.age_text({"age_text": None, "age_days": days}, ZH) == text


def test_a_supply_bar_is_as_long_as_its_days() -> None:
    events = [{"day": "2026-07-01", "days": 28.0, "drug": "甲", "atc_code": "", "this": True, "amt": "1.00"},
              {"day": "2026-07-02", "days": None, "drug": None, "atc_code": "", "this": False, "amt": "1.00"}]  # fmt: skip
    first, second = presenters.supplies({"timeline": events}, ZH)
    assert (first["begin"], first["end"], first["which"]) == ("2026-07-01", "2026-07-29", "本处方")
    assert (second["end"], second["drug"]) == ("2026-07-03", "—")


def test_reasons_come_in_the_order_of_the_run_in_the_language_asked_for() -> None:
    rows = [{"target": "fraud", "feature": "b", "contribution": 0.4, "reason_zh": "首", "reason_en": "of the first theme"},
            {"target": "fraud", "feature": "a", "contribution": -0.9, "reason_zh": "次", "reason_en": "of the next"},
            {"target": "unreasonable", "feature": "c", "contribution": 3.0, "reason_zh": "别", "reason_en": "x"}]  # fmt: skip
    found = presenters.reasons({"after_blind": {"reasons": rows}}, "fraud", "en")
    assert [row["reason"] for row in found] == ["of the first theme", "of the next"]
    assert [row["contribution"] for row in found] == [0.4, -0.9]


def test_a_weak_score_is_known() -> None:
    assert presenters.is_weak("rule_findings_weak")
    assert not presenters.is_weak("store")


def test_numbers_say_their_unit() -> None:
    assert look.yuan("1234.5") == "1,234.50 元"
    assert look.percent(0.1234) == "12.3 %"
    assert look.percent(None) == look.yuan(None) == look.quantity(None) == "—"
    assert look.quantity("2.5000", "mg") == "2.5 mg"


def test_every_message_has_its_chinese() -> None:
    known = catalogue("review_app", "zh")
    used = set()
    for path in APP.rglob("*.py"):
        used |= set(re.findall(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*\)', path.read_text(encoding="utf-8")))
        used |= set(re.findall(r"\b_\('([^']*)'\)", path.read_text(encoding="utf-8")))
    assert len(used) > 80
    assert used - known.keys() == set()
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in known.values() if text)
