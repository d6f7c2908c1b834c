"""Data Docs that ask no other machine for anything: remote references out, a script of ours in."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path

_HERE = Path(__file__).parent
_ELEMENT = re.compile(r"<(script|link|img)\b[^>]*(?:src|href)=[\"'](?:https?:)?//[^>]*>(?:\s*</script>)?", re.I)
_SHEET = re.compile(r"url\(\s*['\"]?(?:https?:)?//[^)]*\)", re.I)
_LINK = re.compile(r"""(href=)(["'])(?:https?:)?//[^"']*\2""", re.I)

_BODY = re.compile(r"<body[^>]*>", re.I)


_BANNER = (
    "<section class='failed-rows'><p>技术明细，由 Great Expectations 生成；请先看<a href='{report}'>校验报告</a>。"
    " Technical detail, made by Great Expectations; <a href='{report}'>the report</a> comes first.</p></section>"
)


def _links(page: Path, pages: dict[str, list[tuple[str, str]]]) -> str:
    """The block of links for one page; empty for a page of no failed suite."""
    suites = {part.removesuffix(".html") for part in page.parts}
    found = [entry for suite, entries in sorted(pages.items()) if suite in suites for entry in entries]
    if not found:
        return ""
    up = Path("data_docs") / page.parent
    items = "".join(f"<li><a href='{os.path.relpath(target, up)}'>{escape(words)}</a></li>" for words, target in found)
    return f"<section class='failed-rows'><h2>不符合要求的记录 Rows behind what failed</h2><ul>{items}</ul></section>"


def make_local(docs: Path, pages: dict[str, list[tuple[str, str]]]) -> None:
    """Rewrite every page under ``docs`` so that opening it, or clicking in it, sends no request anywhere.

    The pages of a suite begin with links to the rows behind what failed; ``pages`` gives them by suite, as a
    sentence and a path from the folder that ``docs`` will stand in (as ``data_docs``).
    """
    sheet = (_HERE / "data_docs.css").read_text(encoding="utf-8")
    script = (_HERE / "data_docs.js").read_text(encoding="utf-8")
    ours = f"<style>{sheet}</style><script>{script}</script></head>"
    for page in sorted(docs.rglob("*")):
        if page.suffix not in (".html", ".css"):
            continue
        text = _SHEET.sub("none", page.read_text(encoding="utf-8"))
        if page.suffix == ".html":
            text = _LINK.sub(r"\1\2#\2", _ELEMENT.sub("", text)).replace("</head>", ours, 1)
            report = os.path.relpath("gate_report.html", Path("data_docs") / page.relative_to(docs).parent)
            links = _BANNER.format(report=report) + _links(page.relative_to(docs), pages)
            body = _BODY.search(text)
            if body:
                text = text[: body.end()] + links + text[body.end() :]
        page.write_text(text, encoding="utf-8")
