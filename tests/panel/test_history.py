"""Every entry of the log that changes a row says from what to what, whatever the step; secrets and long texts are not in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from panel import accounts, audit, sessions
from panel.accounts import create_account, end_account, sign_in, unlock_account
from panel.cases import open_cases
from panel.exchange import import_experts, import_verdicts
from panel.leads import import_outcomes
from panel.schema import audit as log
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from panel.working_days import keep_calendar
from records.errors import NotPermitted

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"


def entries(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store.read() as connection:
        return [(row.action, json.loads(row.change)) for row in connection.execute(select(log).order_by(log.c.seq))]


def untold(store: Store) -> list[tuple[str, str]]:
    """Action and row of every mark that differs from the one before it and is not said from what to what."""
    known: dict[tuple[str, str], str] = {}
    found = []
    for action, change in entries(store):
        told = {(entry["table"], entry["key"]): entry for entry in change.get("changed", [])}
        assert all(entry["from"] != entry["to"] and set(entry["from"]) == set(entry["to"]) for entry in told.values())
        for mark in change.get("rows", []):
            key = (mark["table"], mark["key"])
            if mark["hash"] and known.get(key) not in (None, mark["hash"]) and key not in told:
                found.append((action, str(key)))
            known[key] = mark["hash"]
    return found


def change_of(store: Store, action: str, table: str) -> dict[str, Any]:
    """What the newest entry of an action says of the first row of a table."""
    named = [change for name, change in entries(store) if name == action]
    return next(entry for entry in named[-1]["changed"] if entry["table"] == table)


def test_the_steps_of_a_case_say_from_what_to_what(acting: Acting, opened: Store, tmp_path: Path) -> None:
    admin, judge, supervisor, agency = (acting(r) for r in ("administrator", "adjudicator", "supervisor", "agency_reviewer"))
    panels = {number: acting("expert", number) for number in ("E1", "E2", "E3", "E4")}
    first = panels["E1"].my_queue()[0]["case_id"]
    panels["E1"].save_draft(first, {"comment": "x"})
    assert change_of(opened, "review begun", "case")["to"] == {"state": "in_review"}
    second = panels["E1"].my_queue()[1]["case_id"]
    panels["E1"].recuse(second, "熟人")
    assert change_of(opened, "recused", "assignment")["from"] == {"state": "open"}
    panels["E1"].submit_verdict(first, VerdictInput("0"), "a")
    assert change_of(opened, "verdict blind", "assignment") == {
        "table": "assignment", "key": f"{first}|E1", "from": {"state": "open"}, "to": {"state": "done"}}  # fmt: skip
    mate = next(p for n, p in panels.items() if n != "E1" and first in [row["case_id"] for row in p.my_queue()])
    mate.submit_verdict(first, VerdictInput("2", ("2-5",)), "b")
    assert change_of(opened, "verdict blind", "case")["to"] == {"state": "disputed"}
    judge.hold_meeting(first, ["甲", "乙", "丙"], "纪要", VerdictInput("2", ("2-5",)))
    number = judge.request_record(first, "病历")
    agency.answer_record(number, "supplied", "已交")
    assert change_of(opened, "record answered", "record_request")["from"] == {"state": "open", "answer": None}
    admin.set_absence("E4", "2030-01-01", "2030-01-05", "休假")
    admin.set_absence("E4", "2030-01-01", "2030-02-05", "休假")
    assert change_of(opened, "absence set", "absence")["to"] == {"enddate": "2030-02-05"}
    judge.set_gold(first, VerdictInput("2", ("2-5",)), "一致")
    judge.set_gold(first, VerdictInput("0"), "再议")
    assert '"再议"' in change_of(opened, "gold answer set", "setting")["to"]["value"]
    supervisor.notify_quarter(QUARTER)
    agency.record_appeal(first, "异议")
    judge_2 = acting("adjudicator", "X")
    judge_2.re_review(first, VerdictInput("0"), "复核", "r")
    assert change_of(opened, "re-reviewed", "case")["from"] == {"state": "appealed"}
    supervisor.close_cases(QUARTER)
    assert change_of(opened, "closed", "case") == {
        "table": "case", "key": first, "from": {"state": "re_reviewed"}, "to": {"state": "closed"}}  # fmt: skip
    admin.withdraw_expert("E4", "退休")
    assert change_of(opened, "expert withdrawn", "expert")["to"] == {"withdrawn": True}
    path = tmp_path / "v.csv"
    path.write_text("rxno,expert_id,verdict_class\nR5,X1,0\nR5,X2,0\n", encoding="utf-8")
    import_verdicts(opened, path, "test")
    path.write_text("expert_id,name,profession,capacity\nE3,丙,insurance,7\n", encoding="utf-8")
    import_experts(opened, path, "test")
    assert change_of(opened, "experts imported", "expert")["to"] == {"capacity": 7, "former_institutions": ""}
    drawn, shown = acting.few(6)  # type: ignore[attr-defined]
    shown["R0"]["after_blind"] = {"findings": [], "scores": [], "reasons": [], "note": "长" * 300}
    open_cases(opened, QUARTER, {}, drawn, shown)
    assert change_of(opened, "findings renewed", "case")["to"]["after_blind"].startswith("sha256:")
    assert untold(opened) == []
    assert audit.verify(opened).faults == []


def test_the_steps_of_a_lead_and_the_calendar_say_it_too(acting: Acting, opened: Store, tmp_path: Path) -> None:
    for name in ("ann", "bob"):
        create_account(opened, name, "a good password", ["investigator"])
    supervisor, agency = acting("supervisor"), acting("agency_reviewer")
    lead_id = agency.receive_clue(QUARTER, ("person", "P1"), "举报")
    agency.receive_clue(QUARTER, ("person", "P1"), "又一次")
    assert set(change_of(opened, "clue joined", "lead")["to"]) == {"source"}
    supervisor.assign_lead(lead_id, ["ann", "bob"])
    assert change_of(opened, "lead assigned", "lead")["from"] == {"state": "opened", "officers": None}
    due = supervisor.leads()[0]["due_date"]
    later = supervisor.extend_lead(lead_id, "待查")
    told = change_of(opened, "lead extended", "lead")
    assert (told["from"]["due_date"], told["to"]["due_date"]) == (due, later)
    for name in ("ann", "bob"):
        panel = acting("investigator")
        panel.actor = type(panel.actor)(name, name, frozenset({"investigator"}), None)
        panel.report_lead(lead_id, "已核查")
    assert change_of(opened, "lead checked", "lead")["to"] == {"state": "checked"}
    supervisor.decide_lead(lead_id, "handled", "约谈")
    path = tmp_path / "o.csv"
    path.write_text(f"lead_id,begndate,enddate,fraud_flag\n{lead_id},2026-07-01,2026-09-30,1\n", encoding="utf-8")
    import_outcomes(opened, path, "test")
    assert change_of(opened, "outcomes imported", "lead")["from"] == {"state": "handled"}
    supervisor.close_lead(lead_id, "办结")
    with opened.change() as connection:
        keep_calendar(connection, {"2026-10-01": 0})
        keep_calendar(connection, {"2026-10-01": 1})
    assert change_of(opened, "calendar kept", "workday")["from"] == {"workday": 0}
    assert untold(opened) == []


def test_the_steps_of_an_account_say_it_without_a_password(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    create_account(opened, "ann", "a good password", ["investigator"])
    for _ in range(accounts.MOST_FAILURES):
        with pytest.raises(NotPermitted):
            sign_in(opened, "ann", "wrong")
    assert change_of(opened, "account locked", "account")["from"]["locked_until"] is None
    unlock_account(opened, "ann", "root")
    token = sign_in(opened, "ann", "a good password").token
    accounts.change_password(opened, "ann", "a good password", "another good one", keep=token)
    told = change_of(opened, "password changed", "account")
    assert (told["from"]["must_change"], told["to"]["must_change"]) == (True, False)
    assert told["from"]["password"] == told["to"]["password"] == "＊＊＊"
    later = datetime.now(UTC) + timedelta(minutes=sessions.IDLE_MINUTES - 1)
    monkeypatch.setattr(sessions, "now", lambda: later)
    assert sessions.actor_of(opened, token) is not None
    assert set(change_of(opened, "session in use", "session")["to"]) == {"expires"}
    create_account(opened, "ann", "a good password", ["supervisor"])
    assert change_of(opened, "account set", "account")["to"]["roles"] == "supervisor"
    end_account(opened, "ann", "root")
    assert change_of(opened, "account ended", "account")["to"] == {"ended": True}
    assert not any("argon2" in str(change) for _, change in entries(opened))
    assert audit.verify(opened).faults == []
