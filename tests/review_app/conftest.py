"""A small demo, made once through the command line, and the screens opened on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from streamlit.testing.v1 import AppTest

from panel.accounts import sign_in
from panel.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("RXPANEL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
PASSWORDS = {"expert2": "demo-expert2", "expert3": "demo-expert3"}


def password(account: str) -> str:
    return PASSWORDS.get(account, f"demo-{account.replace('_', '-')}")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WORK of a demo of 700 persons."""
    work = tmp_path_factory.mktemp("demo") / "work"
    command = [sys.executable, "-m", "pipelines.main", "demo", "--persons", "700", "--no-app", "--work", str(work)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RXPANEL_", "MLFLOW_"))}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False, env=clean)
    assert done.returncode == 0, done.stderr
    assert "demo-supervisor" in done.stdout
    return work


@pytest.fixture
def store(demo: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{demo / 'panel.db'}") as opened:
        yield opened


@pytest.fixture
def screen(demo: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Open the app as an account: ``screen("expert")``; other session values by keyword."""
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    monkeypatch.delenv("RXPANEL_DATABASE_URL", raising=False)

    def show(account: str | None, **session: object) -> AppTest:
        app = AppTest.from_file(str(ROOT / "review_app" / "main.py"), default_timeout=60)
        if account is not None:
            app.session_state["token"] = sign_in(store, account, password(account)).token
        for name, value in session.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return show


@pytest.fixture(scope="session")
def served(demo: Path) -> Iterator[str]:
    """The app served on a port of its own; its address."""
    import socket
    import time
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "RXPANEL_WORK": str(demo)}
    environment.pop("RXPANEL_DATABASE_URL", None)
    server = subprocess.Popen([sys.executable, str(ROOT / "review_app" / "launch.py"), str(port)], env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/signin", timeout=2).close()
            break
        except OSError:
            time.sleep(0.5)
    yield address
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()
