"""Blindness in every arm alike, masks, and what unmasking leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from panel import audit, sensitive, specialties
from panel.blindness import visible
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import NotPermitted, WrongUse

Acting = Callable[..., PanelService]

SECRETS = (
    "甲医院",
    "内科一病区",
    "王小明",
    "H530302",
    "D530",
    "P123456",
    "M0001",
    "R0001",
    "F0001",
    "SECRET",
    "0.93",
    "REASON",
)


def payload(**more: Any) -> dict[str, Any]:
    line = {"line": 1, "feedetl_sn": "F0001", "drug_genname": "阿莫西林", "atc_code": "J01CA04", "net_amt": "30.00"}
    return {
        "rxno": "R0001", "mdtrt_id": "M0001", "prsc_time": "2026-08-01 09:00:00", "hosp_lv": "3", "dept_name": "内科一病区",
        "ext_reason": "王小明医师于甲医院内科一病区开具", "usage_text": "遵甲医院医嘱", "total_amt": "100.00",
        "person": {"age_days": 20000, "gend": "1", "chronic": ["F20", "I10"]}, "timeline": [], "lines": [line],
        "diagnoses": [{"diag_code": code, "diag_name": f"名{code}"} for code in ("I10", "F32.1", "B20", "A56.0")],
        "sealed": {"fixmedins_code": "H530302", "fixmedins_name": "甲医院", "dr_codg": "D530", "dr_name": "王小明",
                   "psn_no": "P123456", "consortium": "H530302 H530303"},
        "after_blind": {
            "findings": [{"rule_id": "SECRET", "psn_no": "P123456", "dr_codg": "D530", "fixmedins_code": "H530302",
                          "feedetl_sn": "F0001", "vola_amt": "12.50", "evidence": {"mdtrt_id": "M0001", "days": 9}}],
            "scores": [{"score": "0.93"}], "reasons": [{"reason_zh": "REASON"}]},
        **more,
    }  # fmt: skip


def test_before_the_own_verdict_nothing_tells_who_where_or_what_rules_and_models_say() -> None:
    text = json.dumps(visible(payload(), after_own_verdict=False, names=False), ensure_ascii=False)
    for secret in SECRETS:
        assert secret not in text, secret
    assert "内科 internal medicine" in text
    assert '"hosp_lv": "3"' in text


def test_after_it_findings_open_with_lines_by_number_and_still_without_persons() -> None:
    shown = visible(payload(), after_own_verdict=True, names=False)
    (finding,) = shown["after_blind"]["findings"]
    assert finding == {"rule_id": "SECRET", "vola_amt": "12.50", "evidence": {"days": 9}, "line": 1}
    text = json.dumps(shown, ensure_ascii=False)
    for secret in ("王小明", "P123456", "D530", "H530302", "M0001", "R0001"):
        assert secret not in text, secret


def test_sensitive_diagnoses_are_masked_unless_they_bear_on_the_drugs() -> None:
    def codes(**more: Any) -> list[str]:
        return [entry["diag_code"] for entry in visible(payload(**more), after_own_verdict=False, names=False)["diagnoses"]]

    # Amoxicillin bears on chlamydial infection, on neither depression nor HIV.
    assert codes() == ["I10", "＊＊＊", "＊＊＊", "A56.0"]
    assert codes(lines=[{"line": 1, "atc_code": "N06AB03"}]) == ["I10", "F32.1", "＊＊＊", "＊＊＊"]
    assert codes(lines=[{"line": 1, "atc_code": None}]) == ["I10", "＊＊＊", "＊＊＊", "＊＊＊"]
    shown = visible(payload(), after_own_verdict=False, names=False)
    assert shown["person"]["chronic"] == ["＊＊＊", "I10"]
    assert set(sensitive.groups()) == {"hiv", "mental", "reproductive", "genetic"}
    for group, code in (("hiv", "B24"), ("mental", "F00"), ("reproductive", "Z30.0"), ("genetic", "Q90.0")):
        assert sensitive.groups_of(code) == (group,)


@pytest.mark.parametrize(
    ("code", "groups", "bears_on", "not_on"),
    [
        # One a range of the table, its first and last codes among them, and what lies just outside.
        ("Z20.6", "hiv", "J05AR03", "J01CA04"), ("Z71.7", "hiv", "J05AF07", "N06AB03"),
        ("O98.7", "hiv", "J05AF01", "G03DA04"), ("B20.0", "hiv", "J05AE08", "L01"), ("B24.x00", "hiv", "J05AX08", ""),
        ("Z21.x00", "hiv", "J05A", ""), ("Z11.4", "hiv", "J05A", ""), ("Z83.0", "hiv", "J05A", ""),
        ("F02.4", "hiv mental", "N06DA02", "A02BC01"), ("F00.0", "mental", "N06DA02", "C08CA01"),
        ("F99.x00", "mental", "N05AH04", ""), ("X60", "mental", "N05BA01", ""), ("X84.9", "mental", "N06AB03", "J01"),
        ("Y87.0", "mental", "N06A", ""), ("Z91.5", "mental", "N05A", ""), ("Z86.5", "mental", "N05A", ""),
        ("O99.3", "mental", "N03A", ""), ("Z50.3", "mental", "N07BC02", ""),
        ("A50.0", "reproductive", "J01CE08", "C09AA01"), ("A64.x00", "reproductive", "J01DD04", ""),
        ("O00.1", "reproductive", "G03", ""), ("O08.9", "reproductive", "G02AB", "N05"),
        ("N97.0", "reproductive", "G03GB02", ""), ("Z20.2", "reproductive", "J01", ""),
        ("N74.3", "reproductive", "J01DD04", ""), ("O98.1", "reproductive", "J01CE08", "J05"),
        ("Z30.0", "reproductive", "G03AA07", ""), ("Z31.5", "reproductive genetic", "G03", ""),
        ("D66.x00", "genetic", "B02BD02", "B01AA03"), ("D56.1", "genetic", "V03AC03", "B01"),
        ("G12.0", "genetic", "M09AX07", ""), ("G71.1", "genetic", "N07X", ""),
        ("E83.0", "genetic", "M01CC01", "M01AE01"), ("Q85.0", "genetic", "N07XX", ""),
        ("Q99.9", "genetic", "A16AB", ""), ("H35.5", "genetic", "A16A", "S01"),
        # Seen by every reviewer: they say whether a drug is safe, or are nobody's secret.
        ("D55.0", "", "", "P01BA03"), ("E80.2", "", "", "N03AA02"), ("B19.9", "", "", ""), ("O98.4", "", "", ""),
        ("Z71.9", "", "", ""), ("Z20.9", "", "", ""), ("A49.9", "", "", ""), ("O10.0", "", "", ""),
        ("Z34.9", "", "", ""), ("Y40.0", "", "", ""), ("X59.9", "", "", ""), ("X85.9", "", "", ""),
        ("E78.0", "", "", ""), ("G47.0", "", "", ""), ("G12.2", "", "", ""), ("I10.x00", "", "", ""),
    ],
)  # fmt: skip
def test_the_ranges_of_sensitive_diagnoses_begin_and_end_where_they_should(
    code: str, groups: str, bears_on: str, not_on: str
) -> None:
    case = {"diagnoses": [{"diag_code": code, "diag_name": "名"}], "lines": [{"line": 1, "atc_code": not_on or None}]}
    assert " ".join(sensitive.groups_of(code)) == groups
    assert sensitive.hidden(case, code) == bool(groups)
    if groups:
        assert not sensitive.hidden({**case, "lines": [{"line": 1, "atc_code": bears_on}]}, code)


def test_every_group_names_its_source_and_no_code_twice() -> None:
    for name, entry in sensitive.groups().items():
        assert "ICD-10" in entry["source"], name
        assert re.search("条例|法", entry["source"]), name
        for code in entry["icd"]:
            assert re.fullmatch(r"[A-Z]\d?\d?(\.\d)?", code), code
            others = [other for other in entry["icd"] if other is not code]
            assert not code.startswith(tuple(others)), code


@pytest.mark.parametrize("names", [True, False])
def test_a_masked_diagnosis_is_in_no_evidence_and_no_free_text(names: bool) -> None:
    words = {"zh": "限肺炎，本次诊断 I10 F32.1 B20 A56.0", "en": "paid for pneumonia; diagnoses 名I10、名F32.1"}
    facts = {"diagnoses": "I10 F32.1 B20", "diag_name": "名B20", "lines": ["XF32.1", "F32.17", "B20-3"],
             "more": [{"why": "(f32.1)"}]}  # fmt: skip
    finding = {"rule_id": "r", "evidence_zh": words["zh"], "evidence_en": words["en"], "evidence": {**facts, **words}}
    case = payload(after_blind={"findings": [finding], "scores": [], "reasons": [{"value_text": "名F32.1"}]},
                   ext_reason="因名F32.1复诊", usage_text="名B20患者，B20，慎用")  # fmt: skip
    shown = visible(case, after_own_verdict=True, names=names)
    (found,) = shown["after_blind"]["findings"]
    assert found["evidence_zh"] == found["evidence"]["zh"] == "限肺炎，本次诊断 I10 ＊＊＊ ＊＊＊ A56.0"
    assert found["evidence_en"] == "paid for pneumonia; diagnoses 名I10、＊＊＊"
    assert found["evidence"]["diagnoses"] == "I10 ＊＊＊ ＊＊＊"
    assert found["evidence"]["diag_name"] == "＊＊＊"
    assert found["evidence"]["lines"] == ["XF32.1", "F32.17", "B20-3"]
    assert found["evidence"]["more"] == [{"why": "(＊＊＊)"}]
    assert shown["after_blind"]["reasons"] == [{"value_text": "＊＊＊"}]
    assert (shown["ext_reason"], shown["usage_text"]) == ("因＊＊＊复诊", "＊＊＊患者，＊＊＊，慎用")
    opened = visible(case, after_own_verdict=True, names=True, diagnoses=True)
    assert opened["after_blind"]["findings"] == [finding]
    assert opened["ext_reason"] == "因名F32.1复诊"


@pytest.mark.parametrize("arm", ["random", "targeted"])
def test_every_arm_is_blind_alike_and_opens_alike(acting: Acting, opened: Store, arm: str) -> None:
    from sqlalchemy import select

    from panel.schema import case, sample

    with opened.read() as connection:
        joined = select(case.c.case_id).join(sample, sample.c.rxno == case.c.rxno).where(sample.c.arm == arm)
        of_arm = {row.case_id for row in connection.execute(joined)}
    assert of_arm
    for number in ("E1", "E2", "E3", "E4"):
        panel = acting("expert", number)
        for row in panel.my_queue():
            assert set(row) == {"case_id", "quarter", "number", "state", "stage", "due_date", "mine_submitted", "draft"}
            if row["case_id"] not in of_arm:
                continue
            before = panel.open_case(row["case_id"])
            assert (before["blind"], before["proposed"], before["other_verdicts"]) == (True, {}, [])
            assert "after_blind" not in before["case"]
            panel.submit_verdict(row["case_id"], VerdictInput("0"), "x")
            after = panel.open_case(row["case_id"])
            assert after["case"]["after_blind"]["findings"]
            assert not after["blind"]
            text = json.dumps([before, after], ensure_ascii=False)
            assert arm not in text


def test_another_role_does_not_open_what_one_has_yet_to_judge(acting: Acting) -> None:
    panel = acting("expert", "E1")
    case_id = panel.my_queue()[0]["case_id"]
    panel.actor = replace(panel.actor, roles=frozenset({"expert", "supervisor", "adjudicator", "agency_reviewer"}))
    opened = panel.open_case(case_id)
    assert opened["blind"]
    assert "sealed" not in opened["case"]
    assert "after_blind" not in opened["case"]
    with pytest.raises(NotPermitted, match="yet to judge"):
        panel.unmask_identity(case_id, "好奇")
    with pytest.raises(WrongUse, match="somebody else"):
        panel.adjudicate(case_id, VerdictInput("0"), "x")


def test_an_expert_learns_nothing_of_others_from_a_state(acting: Acting) -> None:
    one = acting("expert", "E1")
    case_id = one.my_queue()[0]["case_id"]
    mates = [acting("expert", number) for number in ("E2", "E3", "E4")]
    (mate,) = [panel for panel in mates if case_id in [row["case_id"] for row in panel.my_queue()]]
    mate.submit_verdict(case_id, VerdictInput("3", ("3-1",)), "a")
    assert {row["state"] for row in one.my_queue()} == {"assigned"}
    assert one.open_case(case_id)["state"] == "assigned"
    one.submit_verdict(case_id, VerdictInput("0"), "b")
    assert one.open_case(case_id)["state"] == "in_review"
    assert acting("supervisor").open_case(case_id)["state"] == "disputed"


def test_unmasking_needs_a_reason_and_is_logged_without_what_was_seen(acting: Acting, opened: Store) -> None:
    panel, supervisor = acting("expert", "E1"), acting("supervisor")
    case_id = panel.my_queue()[0]["case_id"]
    with pytest.raises(WrongUse, match="needs to be written"):
        supervisor.unmask_identity(case_id, "  ")
    assert supervisor.unmask_identity(case_id, "核对处方")["dr_name"] == "王小明"
    assert panel.unmask_diagnoses(case_id, "判断适应证")[0]["diag_code"] == "I10"
    foreign = next(
        row["case_id"] for row in acting("expert", "E2").my_queue() + acting("expert", "E3").my_queue()
        if row["case_id"] not in {mine["case_id"] for mine in panel.my_queue()}
    )  # fmt: skip
    with pytest.raises(NotPermitted, match="not assigned"):
        panel.unmask_diagnoses(foreign, "好奇")
    with opened.read() as connection:
        from panel.schema import audit as log

        entries = [row for row in connection.execute(log.select()) if row.action.startswith("unmasked")]
    assert [json.loads(row.change)["reason"] for row in entries] == ["核对处方", "判断适应证"]
    assert all("王小明" not in row.change and "P123456" not in row.change for row in entries)
    assert audit.verify(opened).faults == []


def test_specialties_come_from_department_diagnosis_age_and_drugs() -> None:
    case = payload(dept_name="心血管内科", diagnoses=[{"diag_code": "E11", "maindiag_flag": 1}, {"diag_code": "J20"}])
    assert specialties.of_case(case) == {"cardiology", "internal", "endocrine"}
    child = payload(dept_name=None, person={"age_days": 400}, diagnoses=[], lines=[{"line": 1, "drug_kind": "13"}])
    assert specialties.of_case(child) == {"children", "tcm"}
    assert specialties.shown("第三分院") is None
