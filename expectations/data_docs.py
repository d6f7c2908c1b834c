"""Data Docs that ask no other machine for anything: remote references out, a script of ours in."""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path(__file__).parent
_ELEMENT = re.compile(r"<(script|link|img)\b[^>]*(?:src|href)=[\"'](?:https?:)?//[^>]*>(?:\s*</script>)?", re.I)
_SHEET = re.compile(r"url\(\s*['\"]?(?:https?:)?//[^)]*\)", re.I)
_LINK = re.compile(r"""(href=)(["'])(?:https?:)?//[^"']*\2""", re.I)


def make_local(docs: Path) -> None:
    """Rewrite every page under ``docs`` so that opening it, or clicking in it, sends no request anywhere."""
    sheet = (_HERE / "data_docs.css").read_text(encoding="utf-8")
    script = (_HERE / "data_docs.js").read_text(encoding="utf-8")
    ours = f"<style>{sheet}</style><script>{script}</script></head>"
    for page in sorted(docs.rglob("*")):
        if page.suffix not in (".html", ".css"):
            continue
        text = _SHEET.sub("none", page.read_text(encoding="utf-8"))
        if page.suffix == ".html":
            text = _LINK.sub(r"\1\2#\2", _ELEMENT.sub("", text)).replace("</head>", ours, 1)
        page.write_text(text, encoding="utf-8")
