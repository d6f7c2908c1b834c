"""The pictures of docs/screens.md, from a running demo: ``python -m tests.review_app.screenshots ADDRESS FOLDER``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.review_app.conftest import CHROMIUM, password

#: Screens by account, each with the name of its picture; "" = the account's first screen.
PLAIN = {
    "supervisor": {"": "board", "institutions": "institutions", "agreement": "agreement", "publishing": "publishing"},
    "data_scientist": {"": "models", "watch": "watch"},
    "auditor": {"log": "log"},
    "administrator": {"pool": "pool", "accounts": "accounts", "designs": "designs", "calendars": "calendar", "tour": "tour"},
    "agency_reviewer": {"objections": "objections"},
    "adjudicator": {"decided": "decided", "reviews": "reviews"},
    "expert": {"accounts": "not_permitted"},
}
#: Pictures of another height than the window's, pixels: what lies below names the folder of this machine.
HEIGHTS = {"models": 400}


def enter(browser: Browser, address: str, account: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/signin")
    page.fill("#account", account)
    page.fill("#password", password(account))
    page.click("button")
    page.locator("[data-testid=stSidebar]").wait_for()
    return page


def settled(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("!document.querySelector('[data-testid=stSpinner]')")
    page.wait_for_timeout(900)


def keep(page: Page, path: Path, height: int = 720) -> None:
    """A picture in sixty-four colours, which is all that these screens have."""
    settled(page)
    page.set_viewport_size({"width": 1280, "height": height})
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)
    page.set_viewport_size({"width": 1280, "height": 720})


def keyed(page: Page, keys: str) -> None:
    page.wait_for_function("!!window.rxpanelKeys?.listener")
    page.keyboard.type(keys, delay=150)
    page.wait_for_function("window.rxpanelKeys.waiting.length === 0")
    settled(page)


def judged(browser: Browser, address: str, folder: Path) -> None:
    """The expert's screens, and a dispute for the adjudicator's."""
    page = enter(browser, address, "expert")
    page.get_by_role("button", name="开始下一例").wait_for()
    keep(page, folder / "queue.png")
    others = [enter(browser, address, name) for name in ("expert2", "expert3")]
    page.get_by_role("button", name="开始下一例").click()
    for number in range(6):
        page.locator(".rx-sheet").wait_for()
        keyed(page, "27")
        if not number:
            keep(page, folder / "case.png", 900)
        case_id = page.locator(".rx-sheet h2 span").first.inner_text().split()[-1]
        page.keyboard.press("Control+Enter")
        page.get_by_text("规则发现").first.wait_for()
        if not number:
            keep(page, folder / "verdict.png", 1700)
        if any(reasonable(other, address, case_id) for other in others):
            break
        keyed(page, "n")
    decider = enter(browser, address, "adjudicator")
    decider.locator(".rx-sides").wait_for()
    keep(decider, folder / "disputes.png", 900)


def reasonable(page: Page, address: str, case_id: str) -> bool:
    """Whether the case was this expert's as well, who then found it reasonable."""
    page.goto(f"{address}/case?case={case_id}")
    settled(page)
    if not page.locator(".rx-sheet").count():
        return False
    keyed(page, "0")
    return True


def take(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        judged(browser, address, folder)
        for account, pictures in PLAIN.items():
            page = enter(browser, address, account)
            for path, name in pictures.items():
                page.goto(f"{address}/{path}")
                keep(page, folder / f"{name}.png", HEIGHTS.get(name, 720))
        page = enter(browser, address, "investigator")
        page.get_by_role("combobox").last.click()
        page.get_by_role("option").first.click()
        page.locator(".rx-network").wait_for()
        keep(page, folder / "lead.png", 1000)
        page = enter(browser, address, "expert2")
        page.goto(f"{address}/case?lang=en")
        page.locator(".rx-sheet").wait_for()
        keyed(page, "2")
        keep(page, folder / "case_en.png", 900)
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1], Path(sys.argv[2]))
