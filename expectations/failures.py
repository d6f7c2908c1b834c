"""From an expectation that failed to the rows behind it: a page for people and a CSV file for their tools."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.frames import Gathered, sample
from records.output import csv_text, write_text

if TYPE_CHECKING:
    from expectations.suites import Judged

#: What a page shows of one expectation, and what its CSV file holds.
_GROUPS, _ROWS, _ROWS_IN_FILE = 30, 20, 2_000
_STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")


def write_failures(given: Gathered, judged: list[Judged], out: Path) -> dict[str, list[tuple[str, str]]]:
    """Write ``failed/<suite>_<column>.html`` and ``.csv`` for each expectation that failed.

    Fills ``page`` of its result. Returns by suite the sentence and the page of each, for the Data Docs.
    """
    pages: dict[str, list[tuple[str, str]]] = {}
    # Also where nothing failed, so that an earlier check's pages are replaced.
    (out / "failed").mkdir(parents=True, exist_ok=True)
    for one in judged:
        for entry, result, failed in zip(one.suite.expectation, one.results, one.failed, strict=True):
            if result["success"]:
                continue
            column = str(entry["column"])
            name = f"failed/{one.suite.name}_{column}"
            groups = [{str(key): value for key, value in one.frame.data.iloc[at].items()} for at in failed]
            _write(given, one, (column, result), groups, out / name)
            result["page"] = f"{name}.html"
            pages.setdefault(one.suite.name, []).append((f"{result['zh']} {result['en']}", f"{name}.html"))
    return pages


def _write(given: Gathered, one: Judged, about: tuple[str, dict[str, Any]], groups: list[dict[str, Any]], path: Path) -> None:
    column, result = about
    parts: list[str] = []
    lines: list[list[Any]] = []
    header = [*one.suite.key]
    for number, group in enumerate(groups):
        stands = {key: group[key] for key in one.suite.key}
        behind = one.frame.rows(group, column)
        count, shown, found = sample(given, behind, _ROWS_IN_FILE - len(lines)) if behind else (0, [], [])
        lines += [[*map(_shown, stands.values()), behind.place if behind else "", *row] for row in found]
        if len(header) == len(stands):
            # Where the group and its rows have a column of one name, the group's is told apart.
            header = [f"group_{key}" if key in shown else key for key in header] + ["place", *shown]
        if number < _GROUPS:
            parts.append(_group(group, count, shown, found[:_ROWS]))
    sentence = f"{result['zh']} {result['en']}"
    left = f"<p>另有 {len(groups) - _GROUPS} 项 more not shown</p>" if len(groups) > _GROUPS else ""
    write_text(
        path.with_suffix(".html"),
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>{escape(sentence)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(sentence)}</h1><p>{escape(str(given.quarter))} · {escape(one.suite.name)} · {escape(column)} · "
        f"负责 owner: {escape(str(result['owner']))} · {result['failed']} / {result['of']} · "
        f"<a href='{path.name}.csv'>CSV</a></p>{''.join(parts)}{left}</html>\n",
    )
    write_text(path.with_suffix(".csv"), csv_text(header, lines))


def _group(group: dict[str, Any], count: int, shown: list[str], found: list[tuple[Any, ...]]) -> str:
    """One row of a frame: what it stands for, its figures, and the rows behind it."""
    told = "　".join(f"{escape(name)} = {escape(_shown(value))}" for name, value in group.items())
    if not count:
        return f"<h2>{told}</h2><p>没有可列出的记录 no rows to list</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in shown)
    body = "".join("<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row) + "</tr>" for row in found)
    first = f"，列出前 {len(found)} 行（更多见CSV） the first {len(found)} shown, more in the CSV" if count > len(found) else ""
    return f"<h2>{told}</h2><p>{count:,} 行 rows{first}</p><table><tr>{head}</tr>{body}</table>"


def _shown(value: object) -> str:
    if isinstance(value, float):
        if value != value:
            return "—"
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.2f}"
    return "" if value is None else str(value)
