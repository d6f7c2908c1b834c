"""What a role does now and then, through the screen it does it on."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from panel.accounts import Actor, actor_of, sign_in
from panel.schema import assignment, case
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from tests.review_app.conftest import password
from tests.review_app.test_screens import html, opened, texts

QUARTER = "2026Q3"


@pytest.fixture(autouse=True)
def here(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    monkeypatch.delenv("RXPANEL_DATABASE_URL", raising=False)


def service(store: Store, account: str) -> PanelService:
    actor = actor_of(store, sign_in(store, account, password(account)).token)
    assert isinstance(actor, Actor)
    return PanelService(store, actor)


def newest(store: Store) -> tuple[str, str, str]:
    """The newest entry that is about no session."""
    rows = service(store, "auditor").audit_log()
    row = next(row for row in rows if not row["action"].startswith(("sign in", "session")))
    return row["action"], row["subject"], row["actor"]


def on_lead(work: Path, account: str, lead_id: str) -> AppTest:
    app = opened(work, "leads", account)
    next(box for box in app.selectbox if box.label == "线索").set_value(lead_id).run()
    assert not app.exception, app.exception
    return app


def test_a_lead_s_person_is_shown_whole_once_a_reason_is_given(demo: Path, store: Store) -> None:
    lead_id = service(store, "agency_reviewer").receive_clue(QUARTER, ("person", "P7654321"), "持多卡刷卡")
    app = on_lead(demo, "supervisor", lead_id)
    assert "P7654321" not in texts(app) + str([code.value for code in app.code])
    assert app.get_by_key(f"{lead_id}-unmask").disabled
    app.get_by_key(f"{lead_id}-unmask-why").set_value("核对参保信息").run()
    app.get_by_key(f"{lead_id}-unmask").click().run()
    assert [code.value for code in app.code] == ["P7654321"]
    assert newest(store) == ("unmasked lead", lead_id, "supervisor")
    assert "P7654321" not in html(app.run())
    # Not an officer of it: no field to ask with.
    assert f"{lead_id}-unmask" not in [button.key for button in on_lead(demo, "investigator", lead_id).button]


def test_a_seal_is_opened_with_a_reason_by_the_supervisor_alone(demo: Path, store: Store) -> None:
    desk = service(store, "agency_reviewer")
    lead_id = desk.receive_clue(QUARTER, ("person", "P7654322"), "冒名就医", reporter_is="李四 13800000000")
    app = on_lead(demo, "supervisor", lead_id)
    assert "李四" not in texts(app)
    assert app.get_by_key(f"{lead_id}-seal").disabled
    app.get_by_key(f"{lead_id}-seal-why").set_value("依法核实").run()
    app.get_by_key(f"{lead_id}-seal").click().run()
    assert [code.value for code in app.code] == ["李四 13800000000"]
    assert newest(store)[::2] == ("reporter opened", "supervisor")
    assert f"{lead_id}-seal" not in [button.key for button in on_lead(demo, "investigator", lead_id).button]


def test_who_stands_behind_a_case_is_opened_with_a_reason(demo: Path, store: Store) -> None:
    case_id = service(store, "expert").my_queue()[0]["case_id"]
    sealed = service(store, "supervisor").unmask_identity(case_id, "对照")
    for account, screen in (("supervisor", "board"), ("agency_reviewer", "board"), ("investigator", "leads")):
        app = opened(demo, screen, account)
        app.get_by_key("behind_case").set_value(case_id)
        app.get_by_key("behind_reason").set_value("核对处方").run()
        assert sealed["psn_no"] not in html(app)
        app.get_by_key("behind_show").click().run()
        assert not app.exception, app.exception
        assert sealed["psn_no"] in html(app)
        assert sealed["rxno"] in html(app)
        assert newest(store) == ("unmasked identity", case_id, account)
    for account in ("auditor", "administrator"):
        assert "behind_show" not in [button.key for button in opened(demo, "board", account).button]


def test_a_waiting_case_is_given_to_another_expert_on_the_board(demo: Path, store: Store) -> None:
    me = actor_of(store, sign_in(store, "expert", password("expert")).token)
    assert me is not None
    queue = service(store, "expert").my_queue()
    case_id = [row["case_id"] for row in queue if not row["mine_submitted"]][-1]
    app = opened(demo, "board", "administrator")
    assert app.get_by_key("reassign").disabled
    app.get_by_key("reassign_case").set_value(case_id)
    app.get_by_key("reassign_from").set_value(str(me.expert_id))
    app.get_by_key("reassign_reason").set_value("出差").run()
    app.get_by_key("reassign").click().run()
    assert "已改派" in texts(app) or "暂无" in texts(app), texts(app)
    assert case_id not in [row["case_id"] for row in service(store, "expert").my_queue()]
    assert newest(store) == ("handed on", case_id, "administrator")
    assert "reassign" not in [button.key for button in opened(demo, "board", "auditor").button]


def test_an_adjudicator_corrects_a_decision_and_keeps_a_known_answer(demo: Path, store: Store) -> None:
    panel = service(store, "adjudicator")
    mine = select(assignment.c.case_id).where(assignment.c.expert_id == panel.actor.expert_id)
    with store.engine.begin() as connection:
        free = select(case.c.case_id).where(case.c.case_id.not_in(mine), case.c.kind.is_(None), case.c.state == "assigned")
        case_id = str(connection.execute(free.order_by(case.c.number)).scalars().first())
        connection.execute(update(case).where(case.c.case_id == case_id).values(state="disputed"))
    assert case_id not in [row["case_id"] for row in panel.decided(QUARTER)]
    assert panel.adjudicate(case_id, VerdictInput("0"), "first")
    app = opened(demo, "decided", "adjudicator")
    app.get_by_key("decided_case").set_value(case_id).run()
    assert not app.exception, app.exception
    assert app.get_by_key(f"{case_id}-correct").disabled
    app.get_by_key(f"{case_id}-decided-class").set_value("2").run()
    app.get_by_key(f"{case_id}-decided-codes-0-2").set_value(["2-5"]).run()
    app.get_by_key(f"{case_id}-decided_reason").set_value("适应证看漏").run()
    app.get_by_key(f"{case_id}-correct").click().run()
    said = [row for row in panel.open_case(case_id)["my_verdicts"] if row["stage"] == "adjudication"]
    assert [(row["version"], row["verdict_class"], row["item_codes"]) for row in said][-1] == (2, "2", "2-5")
    app.get_by_key(f"{case_id}-gold").click().run()
    answer = panel.gold_answer(case_id)
    assert (answer["verdict_class"], answer["item_codes"], answer["by"]) == ("2", ["2-5"], "adjudicator")
    assert "金标准：" in texts(app)
    (row,) = [row for row in panel.decided(QUARTER) if row["case_id"] == case_id]
    assert (row["mine"], row["gold"]) == (True, True)
