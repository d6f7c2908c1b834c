"""A real Chromium: one quarter from the pool to the board, by four roles; and what every page has to keep to."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from panel.cases import open_cases, payload_of
from panel.demo import demo_accounts, mark_demo
from panel.schema import case
from panel.store import Store, open_store
from review_app.parts import HIDDEN, UNNAMED
from tests.review_app.conftest import password, serving

pytestmark = pytest.mark.browser
QUARTER = "2026Q3"


def enter(browser: Browser, address: str, account: str, hosts: set[str], language: str = "zh") -> Page:
    """A signed-in page of its own browser context; by keyboard alone."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if request.url.startswith("http") else None)
    page.goto(f"{address}/?lang={language}")
    # On a busy machine the first keys would come before the field has the focus.
    page.locator("#account:focus").wait_for()
    page.keyboard.type(account)
    page.keyboard.press("Tab")
    page.keyboard.type(password(account))
    page.keyboard.press("Enter")
    page.locator("[data-testid=stSidebar]").wait_for()
    if language == "en":
        page.get_by_text("English", exact=True).click()
        page.get_by_text("Sign out").wait_for()
        # Off the switch, which would keep the keys for itself.
        page.locator("[data-testid=stMain] h1").first.click()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return page


def serious(page: Page) -> list[str]:
    """Serious and critical violations, as axe names them, with the first element of each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{entry['id']}: {entry['nodes'][0]['html'][:200]}" for entry in found if entry["impact"] in ("serious", "critical")
    ]


def sheet(page: Page) -> str:
    page.locator(".rx-sheet").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("!!window.rxpanelKeys?.listener")
    return page.locator(".rx-sheet h2 span").first.inner_text()


def moved_on(page: Page, case_id: str) -> None:
    page.wait_for_function("old => !document.querySelector('.rx-sheet h2 span')?.innerText.includes(old)", arg=case_id)


def saved(page: Page, words: str) -> None:
    page.locator(".st-key-verdict [role=status]", has_text=words).wait_for()


@pytest.fixture(scope="module")
def city(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WORK of a store with accounts and an empty pool."""
    work = tmp_path_factory.mktemp("story")
    with open_store(f"sqlite:///{work / 'panel.db'}") as store:
        mark_demo(store)
        demo_accounts(store, [])
    return work


def draw(demo: Path, work: Path) -> None:
    """Draw a quarter of four cases, from prescriptions of the demo; and give the two experts their accounts."""
    import pandas as pd
    from sqlalchemy import select

    with open_store(f"sqlite:///{demo / 'panel.db'}") as other, other.read() as connection:
        rows = connection.execute(select(case).where(case.c.kind.is_(None)).order_by(case.c.number).limit(4)).all()
    payloads = {row.rxno: payload_of(row) for row in rows}
    drawn = [
        {"rxno": row.rxno, "fixmedins_code": payloads[row.rxno]["sealed"]["fixmedins_code"], "stratum": "s", "arm": "random",
         "incl_prob": 0.5, "incl_prob_any": 0.5, "weight": 2.0, "design_id": "d", "seed": "x", "draw_order": number}
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip
    with open_store(f"sqlite:///{work / 'panel.db'}") as store:
        rules = {"panel": {"gold_share": 0.0, "repeat_share": 0.0}}
        open_cases(store, QUARTER, rules, pd.DataFrame(drawn), payloads)
        accounts_of(store)


def accounts_of(store: Store) -> None:
    demo_accounts(store, ["E901", "E902"])


WORDS = {
    "zh": {"start": "开始下一例", "found": "规则发现", "class": "2 用药不适宜", "decided": "已裁定",
           "duplicate": "重复给药"},
    "en": {"start": "Start with the next case", "found": "Findings of the rules", "class": "2 inappropriate",
           "decided": "Decided:", "duplicate": "duplicate medication"},
}  # fmt: skip


def test_a_quarter_from_the_pool_to_the_board(chromium: Browser, city: Path, demo: Path, tmp_path: Path) -> None:
    hosts: set[str] = set()
    with serving(city) as address:
        page = enter(chromium, address, "administrator", hosts)
        page.goto(f"{address}/pool")
        page.get_by_text("暂无人员").wait_for()
        for number, (name, profession) in {"E901": ("甲", "药学"), "E902": ("乙", "医学")}.items():
            page.get_by_label("编号").first.fill(number)
            page.get_by_label("名称").first.fill(name)
            page.get_by_role("combobox").first.click()
            page.get_by_role("option", name=profession).click()
            page.get_by_role("button", name="保存专家").click()
            page.locator("td", has_text=number).wait_for()
        assert serious(page) == []
        draw(demo, city)
        for number, language in enumerate(("zh", "en")):
            judge(chromium, address, hosts, language)
            board = enter(chromium, address, "supervisor", hosts)
            board.locator("dt", has_text="已有结论").first.wait_for()
            assert f"{number + 1} 例" in board.locator(".rx-figures div", has_text="已有结论").inner_text()
    assert hosts == {address.removeprefix("http://")}


def judge(chromium: Browser, address: str, hosts: set[str], language: str) -> None:
    """The next case in one language: two experts disagree, an adjudicator decides."""
    words = WORDS[language]
    one = enter(chromium, address, "expert", hosts, language)
    one.get_by_role("button", name=words["start"]).wait_for()
    one.keyboard.press("Enter")
    case_id = sheet(one).split()[-1]
    assert words["found"] not in one.inner_text("body")
    assert serious(one) == []
    # By keyboard alone, at one go: class, code, comment, submit.
    one.keyboard.type("27k")
    saved(one, words["duplicate"])
    one.keyboard.type("both lines")
    one.keyboard.press("Control+Enter")
    one.get_by_text(words["found"]).first.wait_for()
    assert "both lines" in one.locator(".st-key-verdict").inner_text()
    assert serious(one) == []
    other = enter(chromium, address, "expert2", hosts, language)
    other.get_by_role("button", name=words["start"]).click()
    assert case_id in sheet(other)
    other.locator(".st-key-verdict button", has_text="0").first.click()
    moved_on(other, case_id)
    decider = enter(chromium, address, "adjudicator", hosts, language)
    decider.locator(".rx-sides section").nth(1).wait_for()
    assert decider.locator(".rx-sides dd.rx-differs").count() >= 2
    assert serious(decider) == []
    decider.locator(".st-key-classes button", has_text=words["class"]).click()
    saved(decider, words["class"])
    decider.locator(".st-key-submit button").click()
    decider.get_by_text(f"{words['decided']}").first.wait_for()


def test_nothing_typed_is_lost(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert", set())
    page.goto(f"{served}/case")
    case_id = sheet(page)
    page.keyboard.press("k")
    page.keyboard.type("kept")
    # Before the server has it the browser keeps it; the page goes away at once.
    page.reload()
    assert sheet(page) == case_id
    page.wait_for_function("document.querySelector('.st-key-comment textarea')?.value === 'kept'")
    page.wait_for_function("!Object.keys(localStorage).some(name => name.startsWith('rxpanel|'))")
    again = page.context.new_page()
    again.goto(f"{served}/case")
    again.wait_for_function("document.querySelector('.st-key-comment textarea')?.value === 'kept'")
    # Another person's browser store is not read: the number under which text is kept is the account's own.
    assert "rxpanel_session" not in page.evaluate("document.cookie")


def test_few_keys_suffice(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert3", set())
    page.goto(f"{served}/case")
    first = sheet(page).split()[-1]
    page.keyboard.press("0")
    moved_on(page, first)
    second = sheet(page).split()[-1]
    # Five: line 1, class 2, code 7, submit.
    for key in ("l", "1", "2", "7"):
        page.keyboard.press(key)
    saved(page, "第1行: 2-7")
    page.keyboard.press("Control+Enter")
    page.get_by_text("规则发现").first.wait_for()
    page.keyboard.press("?")
    page.get_by_text("合理：提交并进入下一例").last.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    moved_on(page, second)
    assert len({first, second, sheet(page).split()[-1]}) == 3


@pytest.mark.parametrize(("account", "paths"), [
    ("supervisor", ("", "agreement", "publishing", "leads", "tour")), ("auditor", ("log",)),
    ("administrator", ("accounts", "designs", "calendars")), ("agency_reviewer", ("objections",)),
    ("expert", ("pool",)), ("adjudicator", ("decided",)),
])  # fmt: skip
def test_no_serious_violation_on_any_screen(chromium: Browser, served: str, account: str, paths: tuple[str, ...]) -> None:
    page = enter(chromium, served, account, set())
    for path in paths:
        page.goto(f"{served}/{path}")
        page.locator("[data-testid=stMain] h1, .rx-state").first.wait_for()
        page.wait_for_timeout(400)
        assert serious(page) == [], path


@pytest.mark.parametrize("name", sorted(UNNAMED))
def test_nothing_without_a_name_is_shown_while_a_script_is_on_its_way(chromium: Browser, name: str) -> None:
    page, sheet_of = chromium.new_page(), "<html lang=zh><title>.</title><style>{}</style><body><main>{}</main></body></html>"
    page.set_content(sheet_of.format(HIDDEN, UNNAMED[name]))
    assert serious(page) == []
    page.set_content(sheet_of.format("", UNNAMED[name]))
    assert serious(page) != []


def test_narrow_as_at_two_hundred_per_cent(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert", set())
    page.goto(f"{served}/case")
    # 1280 x 720 at 200 % leaves so many pixels of the sheet.
    page.set_viewport_size({"width": 640, "height": 360})
    sheet(page)
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 640
    assert page.locator(".st-key-classes button").first.is_enabled()
    page.emulate_media(media="print")
    assert not page.locator(".st-key-verdict").is_visible()
    assert page.locator(".rx-sheet").is_visible()


def test_the_own_address_of_the_first_screen_leads_to_it(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "expert", set())
    page.goto(f"{served}/queue?lang=en")
    page.get_by_text("My queue").first.wait_for()
    assert page.url == f"{served}/?lang=en"
    assert page.locator("[role=dialog]").count() == 0
    # Another's first screen is one of many here, under its own address: not permitted, in words of this program.
    page.goto(f"{served}/board")
    page.locator(".rx-state-denied").wait_for()


def test_a_wrong_password_is_refused_in_one_sentence(chromium: Browser, served: str) -> None:
    page = chromium.new_page()
    page.goto(served)
    page.fill("#account", "expert")
    page.fill("#password", "not the password")
    page.click("button")
    assert "账号或密码不正确" in page.inner_text("[role=alert]")


def test_the_session_outlives_a_reload_and_no_script_can_read_it(chromium: Browser, served: str) -> None:
    page = enter(chromium, served, "auditor", set())
    page.goto(f"{served}/log")
    page.get_by_text("审计日志").first.wait_for()
    page.reload()
    page.get_by_text("审计日志").first.wait_for()
    assert "rxpanel_session" not in page.evaluate("document.cookie")
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "rxpanel_session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    page.get_by_text("退出登录").click()
    page.wait_for_url(f"{served}/signin")
    page.goto(f"{served}/log")
    page.wait_for_url(f"{served}/signin")
