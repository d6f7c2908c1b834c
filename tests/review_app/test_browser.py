"""A real Chromium: sign in, give a verdict, see it counted; and nothing is asked of any other machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def enter(browser: Browser, address: str, account: str, hosts: set[str]) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if request.url.startswith("http") else None)
    page.goto(address)
    page.fill("#account", account)
    page.fill("#password", f"demo-{account}")
    page.click("button")
    return page


def given(page: Page) -> int:
    page.get_by_text("季度看板").first.wait_for()
    metric = page.locator("[data-testid=stMetric]", has_text="已提交结论")
    metric.wait_for()
    return int(metric.locator("[data-testid=stMetricValue]").inner_text())


def test_a_verdict_is_given_and_counted(chromium: Browser, served: str, tmp_path: Path) -> None:
    hosts: set[str] = set()
    before = given(enter(chromium, served, "supervisor", hosts))
    page = enter(chromium, served, "expert", hosts)
    page.get_by_role("button", name="开始下一例").click()
    page.get_by_text("我的结论").first.wait_for()
    case = page.locator("h3", has_text="处方 2026Q3-").first.inner_text()
    assert "规则发现" not in page.inner_text("body")
    page.screenshot(path=tmp_path / "case.png", full_page=True)
    # By keyboard alone: 0 = reasonable, submit and go on.
    page.keyboard.press("0")
    page.wait_for_function("old => !document.body.innerText.includes(old)", arg=case)
    assert given(enter(chromium, served, "supervisor", hosts)) == before + 1
    assert hosts == {served.removeprefix("http://")}


def test_a_wrong_password_is_refused_in_one_sentence(chromium: Browser, served: str) -> None:
    page = chromium.new_page()
    page.goto(served)
    page.fill("#account", "expert")
    page.fill("#password", "not the password")
    page.click("button")
    assert "账号或密码不正确" in page.inner_text("[role=alert]")


def test_the_session_outlives_a_reload_and_no_script_can_read_it(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "auditor", set())
    page.get_by_text("审计日志").first.wait_for()
    page.reload()
    page.get_by_text("审计日志").first.wait_for()
    assert "rxpanel_session" not in page.evaluate("document.cookie")
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "rxpanel_session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
