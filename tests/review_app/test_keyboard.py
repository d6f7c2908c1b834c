"""The verdict form by keyboard alone, in a real Chromium: what a key means where the focus is, and where it goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.review_app.test_browser import enter, moved_on, sheet

pytestmark = pytest.mark.browser


def test_submitting_presses_nothing_else_and_what_is_refused_is_seen(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert3", set())
    page.goto(f"{served}/case")
    sheet(page)
    # Two keys in the list of fund codes: one code, not all of them.
    page.keyboard.press("g")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".st-key-loss input").first.wait_for()
    assert page.locator(".st-key-funds [data-baseweb=tag], .st-key-funds [data-testid=stMultiSelectTag]").count() <= 1
    assert page.locator(".st-key-verdict li").count() == 1
    assert page.locator(".st-key-verdict li").inner_text().count("；") == 0
    page.keyboard.press("Escape")
    page.locator(".st-key-loss input").first.fill("abc")
    page.keyboard.press("Tab")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 300)")
    # The focus is on the first severity: that is not chosen, and why the amount is none is seen below the top edge.
    page.keyboard.press("Control+Enter")
    told = page.locator(".st-key-told [role=alert]")
    told.wait_for()
    # While the screen is being renewed a row of buttons may stand beside its older self.
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    assert 0 <= told.bounding_box()["y"] < 360
    assert (
        page.locator(".st-key-verdict [aria-checked=true], .st-key-verdict button[kind=segmented_controlActive]").count() <= 1
    )
    assert "轻微" not in page.locator(".st-key-verdict [role=status]").first.inner_text()
    # From a field of one line, too.
    page.locator(".st-key-loss input").first.fill("1.5")
    page.keyboard.press("Control+Enter")
    page.get_by_text("规则发现").first.wait_for()
    page.get_by_text("病例下方").click()
    page.wait_for_function("document.querySelector('#opened').getBoundingClientRect().top < innerHeight")


def test_a_recusal_by_keyboard(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert3", set())
    page.goto(f"{served}/case")
    case_id = sheet(page).split()[-1]
    page.keyboard.press("x")
    page.wait_for_function("document.activeElement.closest('[data-testid=stPopoverBody]')")
    page.keyboard.type("2 kin of the prescriber")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="申请回避此病例").click()
    moved_on(page, case_id)
    page.locator(".st-key-told", has_text=case_id).wait_for()
    # It closes with the case: what is typed over the next one is not meant for it.
    page.locator("[data-testid=stPopoverBody]").wait_for(state="detached")
    assert case_id not in sheet(page)


def test_keys_wait_for_a_form_that_is_still_coming(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert3", set())
    page.goto(f"{served}/case")
    sheet(page)
    # As on the first case of a server that has just begun: the listener is there, the buttons are not.
    page.evaluate("""() => {
        window.hidden = [...document.querySelectorAll(".st-key-next, .st-key-classes")];
        window.names = window.hidden.map(found => found.className);
        window.hidden.forEach(found => { found.className = "coming"; });
    }""")
    page.keyboard.type("2")
    page.wait_for_timeout(500)
    assert page.evaluate("window.rxpanelKeys.waiting.length") == 1
    page.evaluate("() => window.hidden.forEach((found, place) => { found.className = window.names[place]; })")
    page.locator(".st-key-verdict [role=status]", has_text="用药不适宜").wait_for()
    assert page.evaluate("window.rxpanelKeys.waiting.length") == 0
