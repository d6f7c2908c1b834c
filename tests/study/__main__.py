"""``make study``: the tables of docs/models.md, printed from simulated cities."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.study.cities import study

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(study(Path(scratch)))
