"""A small city of two quarters and the chain on it, made once for all tests here, through the command line alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PERSONS = "1500"
#: So many cases that their verdicts are enough to train on.
CAPACITY = "240"
Rxpanel = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    """The environment without what other tests of this process may have set: MLflow exports its address there."""
    ours = ("RXPANEL_", "MLFLOW_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {"COLUMNS": "200"}


def rxpanel(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
        check=False,
        env=environment(),
    )
    assert not check or done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="session")
def command() -> Rxpanel:
    return rxpanel


@dataclass(frozen=True)
class City:
    second: Path
    third: Path

    def of(self, quarter: str) -> Path:
        return {"2026Q2": self.second, "2026Q3": self.third}[quarter]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """One city, seen at the end of 2026Q2 and at the end of 2026Q3."""
    folder = tmp_path_factory.mktemp("city")
    made = City(folder / "q2", folder / "q3")
    for quarter in ("2026Q2", "2026Q3"):
        rxpanel(
            "simulate", "--persons", PERSONS, "--seed", "11", "--quarter", quarter, "--months", "6",
            "--out", made.of(quarter),
        )  # fmt: skip
    return made


@pytest.fixture(scope="session")
def first_run(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WORK after ``run`` of 2026Q2."""
    work = tmp_path_factory.mktemp("first") / "work"
    rxpanel("run", "--data", city.second, "--quarter", "2026Q2", "--work", work, "--capacity", CAPACITY)
    return work
