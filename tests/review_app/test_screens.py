"""Screens through AppTest: every screen for every role, on an empty store and a full one, granted and denied."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from panel.accounts import Actor, actor_of, sign_in
from panel.demo import demo_accounts, mark_demo
from panel.exchange import import_experts
from panel.service import PanelService
from panel.store import Store, open_store
from panel.tables import permissions, roles
from panel.verdict_input import VerdictInput
from review_app.navigation import Screen, screens
from review_app.screens.tour import tours
from tests.review_app.conftest import token

Shown = Callable[..., AppTest]
SCREENS = screens(str)
#: Screens that say something else than "nothing here yet" also where nothing is.
NEVER_EMPTY = {"log", "accounts", "tour", "pool"}


def texts(app: AppTest) -> str:
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.success, app.error, app.warning)
    return "\n".join([*(str(element.value) for kind in kinds for element in kind), html(app)])


def html(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def service(store: Store, account: str) -> PanelService:
    actor = actor_of(store, sign_in(store, account, f"demo-{account}").token)
    assert isinstance(actor, Actor)
    return PanelService(store, actor)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WORK of a store with accounts, one expert, and nothing else."""
    work = tmp_path_factory.mktemp("empty")
    (work / "experts.csv").write_text("expert_id,name,profession\nE001,甲,pharmacy\n", encoding="utf-8")
    with open_store(f"sqlite:///{work / 'panel.db'}") as store:
        mark_demo(store)
        import_experts(store, work / "experts.csv", "test")
        demo_accounts(store, ["E001"])
    return work


def one_screen() -> None:
    """What AppTest runs: one screen, as the menu would open it."""
    import streamlit as st

    from review_app.navigation import screens, shown
    from review_app.state import service

    chosen = next(entry for entry in screens(str) if entry.path == st.session_state["chosen"])
    st.session_state["pages"] = {}
    shown(service(), chosen)()


def opened(work: Path, path: str, role: str, language: str = "zh") -> AppTest:
    app = AppTest.from_function(one_screen, default_timeout=60)
    app.session_state["chosen"], app.session_state["language"] = path, language
    app.session_state["token"] = token(work, role)
    return app.run()


@pytest.mark.parametrize("store_kind", ["empty", "demo"])
@pytest.mark.parametrize("screen_of", SCREENS, ids=lambda entry: entry.path)
def test_every_screen_for_every_role(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, store_kind: str, screen_of: Screen
) -> None:
    work = request.getfixturevalue(store_kind)
    monkeypatch.setenv("RXPANEL_WORK", str(work))
    monkeypatch.delenv("RXPANEL_DATABASE_URL", raising=False)
    granted = permissions()[screen_of.needs]
    for role in roles():
        app = opened(work, screen_of.path, role, "en")
        assert not app.exception, (role, app.exception)
        said = texts(app)
        assert "This could not be done" not in said, (role, said)
        assert ("rx-state-denied" in said) == (role not in granted), (role, said)
        if role not in granted:
            # Nothing but the refusal: neither a title nor a field.
            assert not app.title
            assert not app.button
        elif store_kind == "empty" and screen_of.path not in NEVER_EMPTY:
            assert "rx-state-empty" in said, (role, said)


def test_a_refusal_is_in_the_log(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(empty))
    opened(empty, "pool", "expert")
    with open_store(f"sqlite:///{empty / 'panel.db'}") as store:
        newest = service(store, "auditor").audit_log("refused")[0]
    assert (newest["actor"], newest["subject"]) == ("expert", "manage_pool")


def test_what_fails_unexpectedly_is_told_by_a_number_and_nothing_of_it(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))

    def broken(self: PanelService, text: str = "") -> None:
        raise RuntimeError("a secret of the program")

    monkeypatch.setattr(PanelService, "audit_log", broken)
    said = texts(opened(demo, "log", "auditor"))
    assert "rx-state-error" in said
    assert re.search("[0-9a-f]{8}", said)
    assert "secret" not in said


def test_nobody_is_let_in_without_a_session(screen: Shown) -> None:
    app = screen(None)
    assert "/signin" in texts(app)
    assert not app.title


def test_the_queue_shows_what_waits(screen: Shown, store: Store) -> None:
    app = screen("expert")
    assert app.title[0].value == "我的队列"
    rows = service(store, "expert").my_queue()
    assert html(app).count("<tr>") - 1 == len(rows)


def test_english_by_the_switch(screen: Shown) -> None:
    app = screen("expert")
    app.sidebar.radio[0].set_value("en").run()
    assert app.title[0].value == "My queue"
    assert app.query_params["lang"] == "en"


def test_a_case_is_blind_until_the_own_verdict_and_opens_after_it(
    demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    panel = service(store, "expert")
    case_id = str(panel.take_next())
    app = opened(demo, "case", "expert")
    assert case_id in html(app)
    assert "规则发现" not in html(app)
    shown = panel.open_case(case_id)
    assert shown["blind"]
    assert not {"after_blind", "sealed"} & set(shown["case"])
    assert panel.submit_verdict(case_id, VerdictInput("0"), "test-blind")
    app.session_state["case_id"] = case_id
    app.run()
    assert "规则发现" in html(app)
    assert "与同行比较" in html(app)
    assert "类似的已有结论病例" in html(app)


def test_the_form_saves_each_field_and_submits_what_it_holds(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    panel = service(store, "expert")
    case_id = str(panel.take_next())
    app = opened(demo, "case", "expert")
    app.get_by_key(f"{case_id}-class").set_value("2").run()
    app.get_by_key(f"{case_id}-codes-0-2").set_value(["2-5"]).run()
    app.get_by_key(f"{case_id}-severity").set_value("minor").run()
    assert panel.open_case(case_id)["draft"] == {"verdict_class": "2", "items_0": ["2-5"], "severity": "minor"}
    # Reasonable at one stroke would lose what is recorded: it is refused.
    app.get_by_key(f"{case_id}-reasonable").click().run()
    assert "已记录了内容" in texts(app)
    app.get_by_key(f"{case_id}-submit").click().run()
    (given,) = panel.open_case(case_id)["my_verdicts"]
    assert (given["verdict_class"], given["item_codes"], given["severity"]) == ("2", "2-5", "minor")


def test_a_recusal_is_told_and_leads_on(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    panel = service(store, "expert2")
    case_id = str(panel.take_next())
    app = opened(demo, "case", "expert2")
    app.get_by_key(f"{case_id}-recusal").set_value("亲属").run()
    next(button for button in app.button if button.label == "申请回避此病例").click().run()
    assert f"您已回避 {case_id}" in texts(app)
    assert app.session_state["case_id"] == panel.take_next()
    assert case_id not in html(app)


def test_no_list_of_codes_is_taken_whole_at_one_stroke(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    case_id = str(service(store, "expert").take_next())
    funds = opened(demo, "case", "expert").get_by_key(f"{case_id}-funds_0")
    # Streamlit would put "select all" first, which two keys reach: every violation of the regulations at once.
    assert not funds.proto.select_all


def test_the_draft_is_stamped_by_the_clock_of_the_verdict(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    monkeypatch.setattr("review_app.screens.verdict_form.given_time", lambda: "2026-10-01 17:18:19")
    case_id = str(service(store, "expert").take_next())
    app = opened(demo, "case", "expert")
    app.get_by_key(f"{case_id}-severity").set_value("minor").run()
    assert "17:18:19" in texts(app)
    app.get_by_key(f"{case_id}-severity").set_value(None).run()


def test_the_log_is_searched_by_what_was_done_in_words(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    app = opened(demo, "log", "auditor")
    app.selectbox[0].set_value("cases opened").run()
    rows = len(service(store, "auditor").audit_log("cases opened"))
    assert rows
    assert html(app).count(">病例建立<") == rows == html(app).count("<tr>") - 1


def test_permissions_are_told_in_words(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    said = html(opened(demo, "accounts", "administrator"))
    assert "启封举报人" in said
    assert "open_reporter" not in said


def test_the_board_counts_a_verdict(screen: Shown, store: Store) -> None:
    def given() -> int:
        found = re.search(r"已提交结论</dt><dd>(\d+)", html(screen("supervisor")))
        assert found
        return int(found[1])

    before, panel = given(), service(store, "expert")
    case_id = panel.take_next()
    assert case_id is not None
    panel.submit_verdict(case_id, VerdictInput("2", item_codes=("2-5",)), "test-board")
    assert given() == before + 1


def test_every_role_lands_on_a_screen_of_its_own_and_has_a_tour(screen: Shown) -> None:
    expected = {
        "expert": "我的队列", "adjudicator": "分歧病例", "investigator": "线索", "agency_reviewer": "季度看板",
        "data_scientist": "模型与评分", "supervisor": "季度看板", "auditor": "季度看板", "administrator": "季度看板",
    }  # fmt: skip
    assert set(expected) == set(tours()) == set(roles())
    for account, title in expected.items():
        assert screen(account).title[0].value == title, account


def test_a_tour_only_leads_where_its_role_may_go() -> None:
    needs = {entry.path: entry.needs for entry in SCREENS}
    for role, steps in tours().items():
        assert all(role in permissions()[needs[step["screen"]]] for step in steps), role


def test_the_tour_speaks_above_its_screen(screen: Shown) -> None:
    app = screen("expert", tour=("expert", 0))
    assert tours()["expert"][0]["zh"] in texts(app)
    app.get_by_key("tour-end").click().run()
    assert tours()["expert"][0]["zh"] not in texts(app)
