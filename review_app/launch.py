"""Starting the review app: a local server, local fonts, no request to anywhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Streamlit's settings; as environment, so that they hold however the server is started.
SETTINGS = {
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "STREAMLIT_CLIENT_TOOLBAR_MODE": "minimal",
    "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "none",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "STREAMLIT_SERVER_HEADLESS": "true",
    "STREAMLIT_THEME_BASE": "light",
    "STREAMLIT_THEME_PRIMARY_COLOR": "#1d5a85",
    "STREAMLIT_THEME_FONT": "'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif",
}


def command(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command that serves the app on this machine alone."""
    return [
        sys.executable, "-m", "uvicorn", "review_app.server:app", "--host", host, "--port", str(port),
        "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip


def main() -> None:
    """Serve the app: ``python review_app/launch.py PORT``, the work folder in RXPANEL_WORK."""
    os.environ.update(SETTINGS)
    # Started as a file, Python puts this folder first on its path; the rooms are found without it.
    sys.path = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).resolve().parent]
    os.execv(sys.executable, command(int(sys.argv[1])))


if __name__ == "__main__":
    main()
