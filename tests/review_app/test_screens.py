"""Screens through AppTest: what each role sees, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from panel.accounts import Actor, actor_of, sign_in
from panel.service import PanelService
from panel.store import Store

Screen = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.success, app.error, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def service(store: Store, account: str) -> PanelService:
    actor = actor_of(store, sign_in(store, account, f"demo-{account}").token)
    assert isinstance(actor, Actor)
    return PanelService(store, actor)


def test_nobody_is_let_in_without_a_session(screen: Screen) -> None:
    app = screen(None)
    assert "/signin" in texts(app)
    assert not app.title


def test_the_queue_shows_what_waits(screen: Screen, store: Store) -> None:
    app = screen("expert")
    assert app.title[0].value == "我的队列"
    assert len(app.dataframe[0].value) == len(service(store, "expert").my_queue())


def test_english_by_the_switch(screen: Screen) -> None:
    app = screen("expert")
    app.sidebar.radio[0].set_value("en").run()
    assert app.title[0].value == "My queue"


def test_a_case_is_blind_until_the_own_verdict_and_opens_after_it(store: Store) -> None:
    panel = service(store, "expert")
    case_id = next(row["case_id"] for row in panel.my_queue() if not row["mine_submitted"])
    opened = panel.open_case(case_id)
    assert opened["blind"]
    assert "after_blind" not in opened["case"]
    assert "sealed" not in opened["case"]
    from panel.verdict_input import VerdictInput

    assert panel.submit_verdict(case_id, VerdictInput("0"), "test-blind")
    assert not panel.submit_verdict(case_id, VerdictInput("0"), "test-blind")
    after = panel.open_case(case_id)
    assert not after["blind"]
    assert after["case"]["after_blind"]["scores"]


def test_the_board_counts_a_verdict(screen: Screen, store: Store) -> None:
    from panel.verdict_input import VerdictInput

    before = {metric.label: metric.value for metric in screen("supervisor").metric}
    panel = service(store, "expert")
    case_id = panel.take_next()
    assert case_id is not None
    panel.submit_verdict(case_id, VerdictInput("2", item_codes=("2-5",)), "test-board")
    app = screen("supervisor")
    after = {metric.label: metric.value for metric in app.metric}
    assert int(after["已提交结论"]) == int(before["已提交结论"]) + 1
    assert any("90% 置信区间" in list(frame.value.columns) for frame in app.dataframe)


def test_roles_see_only_their_own_screens(screen: Screen) -> None:
    expected = {
        "adjudicator": "分歧病例",
        "investigator": "线索",
        "data_scientist": "模型与评分",
        "auditor": "季度看板",
        "administrator": "季度看板",
    }
    for account, title in expected.items():
        assert screen(account).title[0].value == title, account


def test_the_log_is_verified_on_its_screen(screen: Screen, store: Store) -> None:
    found = service(store, "auditor").verify_log()
    assert found["faults"] == []
    assert found["entries"] > 10
