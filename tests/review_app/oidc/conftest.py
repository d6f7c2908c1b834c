"""The app and an OpenID Connect provider, each on a port of this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from panel.store import Store, open_store
from tests.review_app.oidc import provider as fake
from tests.review_app.oidc.person import Person
from tests.review_app.oidc.provider import SECRET, Provider

SETTINGS = """issuer = "{issuer}"
client_id = "rxpanel"
address = "{address}"
roles_claim = "groups"
[roles]
experts = "expert"
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The app's own server; its settings and store are read anew at every request."""
    from review_app.server import app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Without the lifespan Streamlit's runtime stays down: what comes before Streamlit is looked at here.
    # No proxy is believed by the server itself, as where the proxy is another machine.
    config = uvicorn.Config(app, port=port, log_level="warning", lifespan="off", access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with fake.running() as running:
        yield running


@pytest.fixture
def configure(tmp_path: Path, address: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Name the provider to the app; further lines of the settings by ``lines``."""
    monkeypatch.setenv("RXPANEL_WORK", str(tmp_path / "work"))
    monkeypatch.delenv("RXPANEL_DATABASE_URL", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

    def write(lines: str = "", issuer: str = "") -> None:
        text = lines + SETTINGS.format(issuer=issuer or provider.issuer, address=address)
        (tmp_path / "oidc.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("RXPANEL_OIDC", str(tmp_path / "oidc.toml"))
        monkeypatch.setenv("RXPANEL_OIDC_SECRET", SECRET)

    write()
    return write


@pytest.fixture
def store(tmp_path: Path, configure: Any) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'work' / 'panel.db'}") as opened:
        yield opened


@pytest.fixture
def browser(address: str, provider: Provider, store: Store) -> Iterator[Person]:
    made = Person(address, provider)
    yield made
    made.session.close()
