"""Progress people can follow: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Steps:
    """Named steps of a long command, with the seconds each took. Written to standard error."""

    total: int
    seconds: dict[str, float] = field(default_factory=dict)
    done: int = 0

    @contextmanager
    def step(self, name: str, words: str) -> Iterator[Callable[[str], None]]:
        """Run one step; the block may say what it is at.

        ``name`` goes into run.json, ``words`` (Chinese first) before the reader's eyes.
        """
        began = time.perf_counter()
        with _shown(f"[{self.done + 1}/{self.total}] {words}") as say:
            yield say
        self.seconds[name] = round(time.perf_counter() - began, 2)
        self.done += 1
        print(f"[{self.done}/{self.total}] {words}  {self.seconds[name]:.1f} s", file=sys.stderr, flush=True)


@contextmanager
def _shown(words: str) -> Iterator[Callable[[str], None]]:
    if not sys.stderr.isatty():
        yield lambda at: note(f"    {at}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda at: progress.update(task, description=f"{words} · {at}")


def note(words: str) -> None:
    """One plain line beside the progress."""
    print(words, file=sys.stderr, flush=True)
