"""The README's screenshots, from a running demo: ``python tests/review_app/screenshots.py ADDRESS FOLDER``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright


def enter(browser: Browser, address: str, account: str) -> Page:
    page = browser.new_context(viewport={"width": 1360, "height": 1000}).new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.fill("#account", account)
    page.fill("#password", f"demo-{account}")
    page.click("button")
    return page


def settled(page: Page, words: str) -> None:
    page.get_by_text(words).first.wait_for()
    page.wait_for_timeout(2500)


def take(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = enter(browser, address, "expert")
        settled(page, "开始下一例")
        page.screenshot(path=folder / "queue.png")
        page.get_by_role("button", name="开始下一例").click()
        settled(page, "近十二个月供药时间线")
        page.screenshot(path=folder / "case.png")
        page.get_by_text("2 用药不适宜").click()
        settled(page, "我的结论")
        page.get_by_role("button", name="提交（Ctrl+Enter）").click()
        settled(page, "模型:")
        page.get_by_text("规则发现").first.scroll_into_view_if_needed()
        page.wait_for_timeout(1500)
        page.screenshot(path=folder / "verdict.png")
        board = enter(browser, address, "supervisor")
        settled(board, "不合理率只依据随机抽样部分")
        board.screenshot(path=folder / "board.png")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1], Path(sys.argv[2]))
