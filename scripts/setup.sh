#!/bin/sh
# Sets everything up on a bare Debian or Ubuntu with Python 3.11 or newer: system packages, .venv, the locked
# dependencies, the command. Safe to run again; what is there is left alone.
#   scripts/setup.sh demo|test
set -eu
purpose=${1:-demo}
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "rxpanel needs Python 3.11 or newer: install it and run 'make $purpose PYTHON=/path/to/python3.11'." >&2
    exit 1
}

# What only the system can give: the venv module, OpenMP for LightGBM, and a browser and a Chinese font for tests.
missing=""
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
ldconfig -p 2>/dev/null | grep -q libgomp.so.1 || missing="$missing libgomp1"
browser=""
if [ "$purpose" = test ]; then
    for candidate in "${RXPANEL_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then browser=$candidate; break; fi
    done
    # Ubuntu's chromium package is only a pointer to a snap; there Playwright brings its own browser (below).
    if [ -z "$browser" ] && grep -q '^ID=debian' /etc/os-release 2>/dev/null; then
        missing="$missing chromium"; browser=apt
    fi
    command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ] ||
        missing="$missing fontconfig fonts-noto-cjk"
fi
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "Please install these system packages first, then run 'make $purpose' again:$missing" >&2
        exit 1
    fi
    echo "Installing system packages:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
stamp=.venv/.installed
wanted=$(cat requirements.lock pyproject.toml | cksum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    echo "Installing the locked dependencies into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
    # Compiled once here: where Python may not keep what it compiled (PYTHONDONTWRITEBYTECODE, as in many containers),
    # each process would compile Great Expectations, MLflow and Streamlit anew, which is half of what a command takes.
    .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps -e .
    echo "$wanted" > "$stamp"
fi
for room in */__init__.py; do .venv/bin/python -m compileall -q "${room%/*}"; done
if [ "$purpose" = test ] && [ -z "$browser" ] && [ "$(id -u)" -eq 0 ]; then
    .venv/bin/playwright install --with-deps chromium
fi
