"""Measuring whole processes, and a table of what was measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Line:
    """One figure; ``limit`` is the most it may be, ``least`` the least, None where nothing was promised."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    least: float | None = None

    @property
    def missed(self) -> bool:
        return (self.limit is not None and self.value > self.limit) or (self.least is not None and self.value < self.least)

    @property
    def promise(self) -> str:
        bounds = [f"at most {self.limit:g}"] if self.limit is not None else []
        bounds += [f"at least {self.least:g}"] if self.least is not None else []
        return f"{' and '.join(bounds)}: {'MISSED' if self.missed else 'held'}" if bounds else ""


@dataclass(frozen=True)
class Process:
    """Wall seconds, the peak memory (MB) and the processor seconds of a finished process."""

    seconds: float
    peak: float
    processor: float = 0.0


def timed(arguments: Sequence[str | Path], work: Path) -> Process:
    """Run a module of ours in a process of its own; raises with the last it said when it fails."""
    began = time.perf_counter()
    with (work / "bench.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", *map(str, arguments)], cwd=ROOT, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        said = (work / "bench.log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{arguments} ended with {status}:\n{said}")
    return Process(time.perf_counter() - began, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def show(lines: Sequence[Line]) -> None:
    """Print the table."""
    size = max(len(line.what) for line in lines)
    for line in lines:
        print(f"{line.what:<{size}}  {line.value:>14,.2f} {line.unit:<8} {line.promise}".rstrip())
