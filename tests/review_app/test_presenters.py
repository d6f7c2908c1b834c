"""From payload to what is shown, and the words of every screen."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from records.words import catalogue, translator
from review_app import board_html, case_html, charts, look, markup, presenters, presenting, supplies

APP = Path(presenters.__file__).parent
LINE: dict[str, Any] = {
    "line": 1, "drug_genname": "甲片", "med_list_codg": "XA", "strength": "5.0000", "strength_unit": "mg",
    "sin_doscnt": "10.0000", "sin_dosunt": "MG", "used_frqu_codg": "12", "per_day": "2.000000", "medc_way_codg": "1",
    "prd_days": "7.00", "cnt": "2.0000", "net_amt": "20.00", "max_daily_dose": "15.0000", "lmt_text": None,
    "dosform": "片剂", "abx_tier": "2", "bas_medn_flag": 1,
}  # fmt: skip
CASE: dict[str, Any] = {
    "prsc_time": "2026-08-01 09:00:00", "setting": "1", "hosp_lv": "3", "dept_name": None, "specialty": "儿科 paediatrics",
    "ext_reason": "<script>alert(1)</script>", "usage_text": None, "total_amt": "20.00", "fund_stake": "7.00",
    "pharmacist_reviewed": False, "rx_type_code": "1", "person": {"age_text": None, "age_days": 3650, "gend": "1",
    "insutype": "310", "chronic": [], "psn_wt": None}, "diagnoses": [{"diag_code": "I10", "diag_name": "<b>高血压"}],
    "lines": [LINE], "timeline": [],
}  # fmt: skip
ZH, EN = translator("review_app", "zh"), translator("review_app", "en")


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
    assert (row["dose"], row["limit"], row["over"]) == ("▲ 20 mg", "15 mg", True)
    assert (row["directions"], row["form"], row["amount"]) == ("10 MG bid 口服", "5 mg 片剂", "20.00 元")
    assert row["marks"] == [("warn", "抗菌药 限制使用级"), ("plain", "基药")]


@pytest.mark.parametrize(("days", "text"), [(10, "10 天"), (300, "10 个月"), (800, "2 岁"), (None, "—")])
def test_ages_in_the_unit_doctors_use(days: int | None, text: str) -> None:
    assert presenters.age_text({"age_text": None, "age_days": days}, ZH) == text


def event(day: str, days: float | None, drug: str | None, this: bool = False) -> dict[str, Any]:
    return {"day": day, "days": days, "drug": drug, "atc_code": "", "this": this, "amt": "1.00"}


def test_days_that_two_supplies_of_a_drug_cover_are_told_once() -> None:
    case = {"timeline": [
        event("2026-07-01", 28, "乙"), event("2026-07-20", 14, "乙", this=True), event("2026-07-25", 3, "乙"),
        event("2026-07-01", 400, "甲"), event("2026-07-02", None, "甲"),
    ]}  # fmt: skip
    first, second = supplies.supplies(case, ZH, "zh")
    # The drug of this prescription first; 20 to 28 July twice, a third supply within counts no day again.
    assert first["drug"] == "乙"
    assert [(row["begin"].isoformat(), row["days"]) for row in first["overlaps"]] == [("2026-07-20", 9)]
    assert first["bars"][1]["said"].endswith("14 天 1.00 元，本处方")
    # A supply of unknown length is a day wide and covers nothing.
    assert (second["overlaps"], second["bars"][1]["days"]) == ([], 1.0)


def test_reasons_come_in_the_order_of_the_run_in_the_language_asked_for() -> None:
    rows = [{"target": "fraud", "feature": "b", "contribution": 0.4, "reason_zh": "首", "reason_en": "of the first theme"},
            {"target": "fraud", "feature": "a", "contribution": -0.9, "reason_zh": "次", "reason_en": "of the next"},
            {"target": "unreasonable", "feature": "c", "contribution": 3.0, "reason_zh": "别", "reason_en": "x"}]  # fmt: skip
    found = presenters.reasons({"after_blind": {"reasons": rows}}, "fraud", "en")
    assert [row["reason"] for row in found] == ["of the first theme", "of the next"]
    assert [row["contribution"] for row in found] == [0.4, -0.9]


def test_a_pack_says_how_many_units_it_holds() -> None:
    (row,) = presenters.lines({"lines": [{**LINE, "units_per_pack": "24.00"}]}, EN, "en")
    assert (row["form"], row["quantity"], row["amount"]) == ("5 mg 片剂 ×24", "2", "20.00 yuan")


def test_beside_the_verdict_stands_what_the_rules_found_and_the_way_there() -> None:
    found = {
        "rule_name": "重复<b>",
        "result_type": "definite",
        "evidence_zh": "",
        "evidence_en": "",
        "basis": "",
        "vola_amt": None,
    }
    html = case_html.pointer_to_opened({"after_blind": {"findings": [found]}}, ZH, "zh")
    assert "重复&lt;b&gt;" in html
    assert f'href="#{case_html.OPENED}"' in html
    assert f'id="{case_html.OPENED}"' in case_html.opened_part({"case": CASE}, ZH, "zh")
    assert "No rule found anything here." in case_html.pointer_to_opened({}, EN, "en")


def test_medians_of_features_say_their_unit() -> None:
    row = {"before": 28.0, "now": 35.5, "shift": 0.6, "level": "large"}
    rows = [{**row, "feature": "total_amount"}, {**row, "feature": ""}]
    amount, score = presenting.drift_rows("unreasonable@prescription", rows, EN, "en")
    assert (amount["before"], amount["now"]) == ("28.00 yuan", "35.50 yuan")
    assert (score["feature"], score["before"]) == ("the score itself", "28.000")
    assert "28.00 yuan" in board_html.drift([amount], "", EN)


def test_what_pointed_at_a_lead_keeps_its_number_in_both_languages() -> None:
    text = "举报或移送 reported or handed over；线索 clue XS01；排名3 rank 3 (abc)"
    assert presenting.pointer(text, "zh") == "举报或移送；线索XS01；排名3"
    assert presenting.pointer(text, "en") == "reported or handed over；clue XS01；rank 3 (abc)"


@pytest.mark.parametrize(("value", "fixed"), [
    ("2026Q3-00012", True), ("2026Q3-L00012", True), ("2026-10-01", True), ("2026-10-01 08:09", True), ("2026 was long", False),
])  # fmt: skip
def test_numbers_and_days_are_not_broken_over_two_lines(value: str, fixed: bool) -> None:
    assert ("rx-fixed" in markup.table(("a",), [(value,)], "")) == fixed


def test_a_rule_is_named_in_the_language_asked_for() -> None:
    assert presenters.rule_name("重复收费", "zh") == "重复收费"
    assert presenters.rule_name("重复收费", "en") == "one item charged twice"
    assert presenters.rule_name("本地规则", "en") == "本地规则"
    assert presenting.pointer("规则提示 pointed at by a rule；重复收费", "en") == "pointed at by a rule；one item charged twice"


def test_a_weak_score_is_known() -> None:
    assert presenters.is_weak("rule_findings_weak")
    assert not presenters.is_weak("store")


def test_numbers_say_their_unit_and_estimates_their_interval() -> None:
    assert look.yuan("1234.5") == "1,234.50 元"
    assert look.percent(0.1234) == "12.3 %"
    assert look.percent(None) == look.yuan(None) == look.quantity(None) == look.count(None) == "—"
    assert look.quantity("2.5000", "mg") == "2.5 mg"
    assert look.estimate(0.5, 0.25, 0.75, 2) == "0.50 [0.25, 0.75]"
    assert look.estimate(None, 0.25, 0.75) == "—"
    assert look.measure(0.25, "share", "zh") == "25.0 %"
    assert look.measure(12.5, "yuan", "en") == "12.50 yuan"


@pytest.mark.parametrize(("text", "zh", "en"), [
    ("儿科 paediatrics", "儿科", "paediatrics"), ("王 医师", "王 医师", "王 医师"), ("plain", "plain", "plain"),
    ("two words", "two words", "two words"),
])  # fmt: skip
def test_one_language_of_a_text_that_has_both(text: str, zh: str, en: str) -> None:
    assert (presenters.one_of(text, "zh"), presenters.one_of(text, "en")) == (zh, en)


@pytest.mark.parametrize(("_", "language"), [(ZH, "zh"), (EN, "en")])
def test_a_case_is_one_sheet_and_nothing_from_data_is_markup(_: Any, language: str) -> None:
    opened = {"case_id": "2026Q3-00001", "case": CASE, "similar": []}
    html = case_html.prescription(opened, _, language) + case_html.timeline(CASE, _, language)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;高血压" in html
    assert "rx-over" in html
    # A blind case has neither names nor what opens later.
    assert "rx-finding" not in html
    assert _("Prescriber") not in html


def test_what_opens_later_says_where_from() -> None:
    opened_part = {
        "findings": [{"rule_name": "重复", "result_type": "definite", "item_codes": "2-7", "fund_codes": None, "line": 1,
                      "evidence_zh": "两行", "evidence_en": "two", "basis": "第三条", "vola_amt": "3.00"}],
        "scores": [{"target": "unreasonable", "score": 0.25, "rank": 3, "model_version": "abc", "label_source": "store"}],
        "reasons": [], "peers": [{"grain": "institution", "feature": "antibacterial_rate", "value": 0.5, "q25": 0.1, "q50": 0.2,
                                  "q75": 0.3, "peers": 9}],
    }  # fmt: skip
    similar = [{"case_id": "2026Q2-00004", "state": "closed", "verdict_class": "2", "item_codes": "2-7", "fund_codes": ""}]
    html = case_html.opened_part({"case": {**CASE, "after_blind": opened_part}, "similar": similar}, ZH, "zh")
    for text in ("第三条", "两行", "2-7 重复给药", "第1行", "25.00 %", "50.0 %", "10.0 % – 30.0 %", "2026Q2-00004", "已结案"):
        assert text in html, text


def test_experts_are_set_side_by_side_by_their_last_word() -> None:
    row = {"expert_id": "E1", "stage": "blind", "version": 1, "verdict_class": "2", "item_codes": "2-7", "fund_codes": "",
           "loss_amt": None, "comment": "", "feedetl_sn": "", "severity": None, "reason": None}  # fmt: skip
    line = {**row, "feedetl_sn": "F1", "item_codes": "2-5"}
    other = {**row, "expert_id": "E2", "verdict_class": "0", "item_codes": ""}
    later = {**other, "stage": "changed", "version": 2, "verdict_class": "2", "item_codes": "2-5 2-7"}
    said = presenting.by_expert([row, line, other], "zh")
    assert [entry["codes"] for entry in said] == ["2-5 用法、用量不适宜；2-7 重复给药", "—"]
    assert presenting.differences(said) == {"class", "codes"}
    assert presenting.differences(presenting.by_expert([row, line, other, later], "zh")) == set()
    assert board_html.sides(said, {"class", "codes"}, ZH).count("rx-differs") == 4


def test_the_queue_tells_what_is_late() -> None:
    row = {"state": "assigned", "due_date": "2026-07-01", "mine_submitted": False, "draft": False}
    rows = [{**row, "case_id": "c1", "draft": True}, {**row, "case_id": "c2", "mine_submitted": True},
            {**row, "case_id": "c3", "due_date": "2026-09-01"}]  # fmt: skip
    figures = presenting.queue_figures(rows, "2026-08-01", EN)
    assert [value for _, value, _ in figures] == ["2 cases", "1 cases", "2026-07-01", "1 cases"]
    assert [row["late"] for row in presenting.queue_rows(rows, "2026-08-01", EN, "en")] == ["late", "", ""]


def test_publishing_says_what_is_through_and_what_waits() -> None:
    found = {"cases": 10, "states": {"assigned": 2, "agreed": 3, "notified": 4, "appealed": 1}}
    steps = presenting.publishing_steps(found, 1, [{"state": "open"}], EN)
    assert [(row["through"], row["wait"]) for row in steps] == [(8, 2), (5, 3), (0, 1), (0, 4)]
    assert [row["done"] for row in steps] == [False] * 4


def test_charts_stay_on_their_scale_and_say_their_figures() -> None:
    html = charts.whisker(0.5, -0.2, 1.4, "50 %")
    widths = [float(found) for found in re.findall(r"(?:left|width):([-0-9.]+)%", html)]
    assert all(0 <= width <= 100 for width in widths)
    assert 'aria-label="50 %"' in html
    assert "＋0.40" in charts.diverging([("a", 0.4), ("b", -0.1)], "x")
    assert "－0.10" in charts.diverging([("a", 0.4), ("b", -0.1)], "x")
    assert charts.among(5, 5, 5, 5, "same").count("rx-dot") == 1
    assert 'alt="who"' in charts.network("H1", [{"type": "person", "code": "1", "visits": 3}], "who")


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("ink", "ground"), [
    ("ink", "ground"), ("ink", "panel"), ("muted", "ground"), ("muted", "panel"), ("red", "pale_red"), ("amber", "pale_amber"),
    ("green", "pale_green"), ("blue", "pale_blue"), ("ink", "pale_amber"), ("red", "ground"), ("blue", "ground"),
])  # fmt: skip
def test_text_stands_out_from_its_ground(ink: str, ground: str) -> None:
    light, dark = sorted((_luminance(look.COLOURS[ink]), _luminance(look.COLOURS[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_mark_has_a_sign_or_says_nothing_by_colour() -> None:
    assert all(sign or kind == "plain" for kind, sign in markup.SIGNS.items())


def test_colours_and_formats_stand_in_one_place() -> None:
    for path in [*APP.rglob("*.py")]:
        if path.name not in ("look.py", "pages.py", "server.py", "parts.py"):
            assert not re.search(r"#[0-9a-f]{6}\b", path.read_text(encoding="utf-8")), path


def test_screens_hold_no_sql_and_nothing_is_asked_of_another_machine() -> None:
    for path in (APP / "screens").glob("*.py"):
        assert "sqlalchemy" not in path.read_text(encoding="utf-8"), path
    for path in (APP / "assets").iterdir():
        assert "http" not in path.read_text(encoding="utf-8"), path


def test_every_message_has_its_chinese() -> None:
    known, used = catalogue("review_app", "zh"), set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                assert isinstance(node.args[0], ast.Constant), (path, node.lineno)
                used.add(node.args[0].value)
    assert len(used) > 400
    assert used == known.keys()
    for message, text in known.items():
        assert set(re.findall(r"\{\w+\}", message)) == set(re.findall(r"\{\w+\}", text)), message
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in known.values())


def test_agreement_says_how_many_cases_it_rests_on_and_no_coefficient_without_an_interval() -> None:
    found = {"cases": 399, "judged": 0, "verdicts": 13, "overdue": 0}
    few = {"percent": 0.0, "ac1": -1.0, "pairs": 1, "intervals": None}
    many = {"percent": 0.8, "ac1": 0.7, "pairs": 120, "intervals": {"ac1": (0.61, 0.78)}}
    assert presenting.progress_figures({**found, "agreement": few}, ZH)[-1] == ("盲评一致率", "0.0 %", "1 例")
    told = ("盲评一致率", "80.0 %", "120 例 · Gwet AC1 0.70 [0.61, 0.78]")
    assert presenting.progress_figures({**found, "agreement": many}, ZH)[-1] == told
