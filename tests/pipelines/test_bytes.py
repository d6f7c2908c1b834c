"""The same input, seed and versions give the same bytes, also after a kill at any moment."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.pipelines.conftest import CAPACITY

ROOT = Path(__file__).resolve().parents[2]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every Parquet and CSV output below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".parquet", ".csv") and "mlflow" not in path.parts:
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def arguments(city: Any, work: Path) -> list[str]:
    data = str(city.of("2026Q2"))
    return ["run", "--data", data, "--quarter", "2026Q2", "--work", str(work), "--capacity", CAPACITY]


def test_a_second_run_in_an_empty_folder_gives_the_same_bytes(
    city: Any, first_run: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    """Also where months are kept: the look-back then comes from them."""
    first, *others = arguments(city, tmp_path / "again")
    assert first == "run"
    said = command("months", *others[:-2]).stdout
    assert "9 months kept, 9 computed" in said
    command(first, *others)
    expected = digests(first_run)
    assert len(expected) > 20
    again = digests(tmp_path / "again")
    assert {name: digest for name, digest in again.items() if "months" not in Path(name).parts} == expected
    assert sum(name.startswith("months/2025-10-") for name in again) == 9


def test_a_killed_run_is_simply_run_again(city: Any, first_run: Path, tmp_path: Path, command: Callable[..., Any]) -> None:
    """Killed early, run again and killed late, run again to its end."""
    work = tmp_path / "killed"
    for share in (0.35, 0.92):
        kill_after(share, arguments(city, work))
    command(*arguments(city, work))
    assert digests(work) == digests(first_run)


def kill_after(share: float, arguments: list[str]) -> None:
    """Start the command line and kill it after that share of its announced steps, a moment into the next."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.main", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith(("RXPANEL_", "MLFLOW_"))},
    )
    assert process.stderr is not None
    # Steps are announced as they end.
    for line in process.stderr:
        step = re.match(r"\[(\d+)/(\d+)\]", line)
        done, total = step.groups() if step else (0, 1)
        if int(done) >= share * int(total):
            break
    time.sleep(0.4)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
