"""A small demo, made once through the command line and shared by all workers; the screens opened on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from panel.accounts import sign_in
from panel.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("RXPANEL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
_TOKENS: dict[tuple[str, str], str] = {}


@pytest.fixture(autouse=True)
def no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest looks through every installed package for components at each run, 0.3 s each; ours are none of those."""
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)


def password(account: str) -> str:
    return f"demo-{account.replace('_', '-')}"


def _made(work: Path) -> None:
    if there := os.environ.get("RXPANEL_TEST_DEMO"):
        # A demo that is there already, for whoever works on the screens and runs these tests again and again.
        shutil.copytree(there, work)
        return
    command = [sys.executable, "-m", "pipelines.main", "demo", "--persons", "700", "--no-app", "--work", str(work)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RXPANEL_", "MLFLOW_"))}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False, env=clean)
    assert done.returncode == 0, done.stderr
    assert "demo-supervisor" in done.stdout


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WORK of a demo of 700 persons, this worker's own copy of the one that is made once."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "demo-of-the-app"
    shared.mkdir(exist_ok=True)
    with (shared / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (shared / "work" / ".whole").exists():
            _made(shared / "work")
            (shared / "work" / ".whole").touch()
    own = tmp_path_factory.mktemp("demo") / "work"
    shutil.copytree(shared / "work", own, ignore=shutil.ignore_patterns("*-shm", "*-wal") if _folded(shared) else None)
    return own


def _folded(shared: Path) -> bool:
    """Whether nothing of the store stands beside its file any more."""
    left = shared / "work" / "panel.db-wal"
    return not left.exists() or left.stat().st_size == 0


@pytest.fixture
def store(demo: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{demo / 'panel.db'}") as opened:
        yield opened


def token(work: Path, account: str) -> str:
    """A session of an account, begun once a test run: signing in is slow on purpose."""
    if (str(work), account) not in _TOKENS:
        with open_store(f"sqlite:///{work / 'panel.db'}") as opened:
            _TOKENS[str(work), account] = sign_in(opened, account, password(account)).token
    return _TOKENS[str(work), account]


@pytest.fixture
def screen(demo: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Open the app as an account: ``screen("expert")``; other session values by keyword."""
    monkeypatch.setenv("RXPANEL_WORK", str(demo))
    monkeypatch.delenv("RXPANEL_DATABASE_URL", raising=False)

    def show(account: str | None, **session: object) -> AppTest:
        app = AppTest.from_file(str(ROOT / "review_app" / "main.py"), default_timeout=60)
        if account is not None:
            app.session_state["token"] = token(demo, account)
        for name, value in session.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return show


@contextmanager
def serving(work: Path) -> Iterator[str]:
    """The app on a work folder, on a port of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "RXPANEL_WORK": str(work)}
    environment.pop("RXPANEL_DATABASE_URL", None)
    server = subprocess.Popen([sys.executable, str(ROOT / "review_app" / "launch.py"), str(port)], env=environment)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/signin", timeout=2).close()
            break
        except OSError:
            time.sleep(0.25)
    yield address
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def served(demo: Path) -> Iterator[str]:
    """The app on the demo."""
    with serving(demo) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()
