"""What a role does now and then, through the screen it does it on."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from panel.accounts import Actor, actor_of, sign_in
from panel.service import PanelService
from panel.store import Store
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
