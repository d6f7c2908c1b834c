"""The leads screen through AppTest: reports from the public are read by few, officers are replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from panel.accounts import create_account
from panel.store import Store, open_store
from tests.review_app.test_screens import html, opened, service, texts

QUARTER = "2026Q3"


def lead_with_a_report(store: Store) -> str:
    """A lead that a report from the public opened or joined, about an institution of its own."""
    said = "<b>药店</b>代刷医保卡 a shop sells goods for insurance money"
    return service(store, "investigator").receive_clue(QUARTER, ("institution", "H00000000001"), said, channel="phone")


def chosen(demo: Path, role: str, lead_id: str, language: str = "zh") -> AppTest:
    """The screen with a lead chosen."""
    app = opened(demo, "leads", role, language)
    label = "线索" if language == "zh" else "Lead"
    next(box for box in app.selectbox if box.label == label).set_value(lead_id).run()
    assert not app.exception, app.exception
    return app


def pressed(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception
    return app


def test_what_was_reported_is_read_at_a_press_and_logged(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    lead_id = lead_with_a_report(store)
    app = chosen(demo, "supervisor", lead_id)
    assert "代刷医保卡" not in html(app)
    reads = len(service(store, "auditor").audit_log("clue read"))
    app = pressed(app, "查阅举报内容")
    assert "&lt;b&gt;药店&lt;/b&gt;代刷医保卡" in html(app)
    assert "电话" in html(app)
    # The reading is logged once, and a page that is drawn anew reads nothing again.
    app.run()
    assert "代刷医保卡" not in html(app)
    assert len(service(store, "auditor").audit_log("clue read")) == reads + 1
    # Who neither is an officer of it nor decides leads sees no such button.
    other = chosen(demo, "investigator", lead_id, "en")
    assert "Read what was reported" not in [button.label for button in other.button]


def test_officers_are_assigned_and_replaced(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    lead_id = lead_with_a_report(store)
    with open_store(f"sqlite:///{demo / 'panel.db'}") as own:
        known = {row["account"] for row in service(own, "administrator").accounts()}
        for name in {"officer2", "officer3"} - known:
            create_account(own, name, "a password of ten", ["investigator"])
    app = chosen(demo, "supervisor", lead_id)
    app.get_by_key(f"{lead_id}-officers").set_value("investigator").run()
    assert next(button for button in app.button if button.label == "指派").disabled
    app.get_by_key(f"{lead_id}-officers").set_value("investigator，officer2").run()
    app = pressed(app, "指派")
    assert "已保存" in texts(app)
    assert ">investigator officer2<" in html(app)
    # Again the same two: refused in one sentence; others take their place.
    app = pressed(app, "更换核查人员")
    assert "已由这两名人员核查" in texts(app)
    app.get_by_key(f"{lead_id}-officers").set_value("officer2, officer3").run()
    app = pressed(app, "更换核查人员")
    assert ">officer2 officer3<" in html(app)
    (newest, *_) = service(store, "auditor").audit_log("officers replaced")
    assert newest["subject"] == lead_id
