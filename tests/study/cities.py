"""The command line, as studies call it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rxpanel(*arguments: object, quiet: bool = False) -> None:
    out = subprocess.DEVNULL if quiet else None
    subprocess.run([sys.executable, "-m", "pipelines.main", *map(str, arguments)], cwd=ROOT, check=True, stdout=out, stderr=out)
