"""Starting the review app: ``python review_app/launch.py PORT``, the work folder in RXPANEL_WORK."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def command(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command that serves the app, on this machine alone unless another host is given."""
    return [
        sys.executable, "-m", "uvicorn", "review_app.server:app", "--host", host, "--port", str(port),
        "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip


def main() -> None:
    """Become the server."""
    # Started as a file, Python puts this folder first on its path; the rooms are found without it.
    os.chdir(Path(__file__).resolve().parent.parent)
    os.execv(sys.executable, command(int(sys.argv[1])))  # noqa: S606


if __name__ == "__main__":
    main()
