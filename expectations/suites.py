"""Great Expectations over the accepted tables: suites as data (``suite/*.toml``), one checkpoint each.

A suite looks at a small frame worked out in SQL (shares by month, volumes by institution and week, the quarter
against earlier ones, control totals), so that its cost does not grow with the rows, and whoever sees it fail gets
from the frame's row to the rows of the data.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.control import control_totals
from expectations.drift import code_mix, distributions, null_rates
from expectations.frames import Frame, Gathered, by_query, by_share

if TYPE_CHECKING:
    from expectations.counting import TableCounts

SEVERITIES = ("blocking", "warning")
_BUILDERS: dict[str, Callable[[Gathered], Frame]] = {
    "null_rates": null_rates,
    "code_mix": code_mix,
    "distributions": distributions,
    "control_totals": control_totals,
}


@dataclass(frozen=True)
class Suite:
    """Expectations of one frame: shares of a table, a query, or one of the builders.

    ``key`` names the columns that say what a row of the frame stands for; ``rows`` is the SQL condition of the
    data's rows behind it.
    """

    name: str
    table: str
    expectation: tuple[dict[str, Any], ...] = ()
    share: tuple[dict[str, Any], ...] = ()
    key: tuple[str, ...] = ("month",)
    time: str = ""
    sql: str = ""
    rows: str = ""
    build: str = ""

    def frame(self, given: Gathered) -> Frame:
        """What the expectations look at."""
        if self.build:
            return _BUILDERS[self.build](given)
        if self.sql:
            return by_query(given, self.table, self.sql, self.rows)
        return by_share(given, self.table, self.time, self.share)


@dataclass(frozen=True)
class Judged:
    """A suite, the frame it was held against, and the rows of the frame that failed each expectation."""

    suite: Suite
    frame: Frame
    results: list[dict[str, Any]]
    failed: list[list[int]] = field(default_factory=list)


def _expected(entry: dict[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    """Expectations as Great Expectations names them; a share is one that its share is not exceeded."""
    found = [dict(one) for one in entry.get("expectation", [])]
    found += [
        {"type": "expect_column_values_to_be_between", "column": share["name"], "max_value": share["at_most"]}
        | {key: share[key] for key in ("severity", "zh", "en", "owner")}
        for share in entry.get("share", [])
    ]
    for one in found:
        if one["severity"] not in SEVERITIES or not (one["zh"] and one["en"] and one["owner"]):
            raise KeyError(f"{name}: {one['type']} needs severity, zh, en and owner")
    return tuple(found)


@cache
def load_suites() -> tuple[Suite, ...]:
    """All suites by name. Raises KeyError or TypeError where an expectation lacks its severity, reason or owner."""
    suites = []
    for path in sorted((Path(__file__).parent / "suite").glob("*.toml")):
        entry = tomllib.loads(path.read_text(encoding="utf-8"))
        expected = _expected(entry, path.name)
        entry.pop("expectation", None)
        share, key = tuple(entry.pop("share", ())), tuple(entry.pop("key", ("month",)))
        suites.append(Suite(path.stem, expectation=expected, share=share, key=key, **entry))
    return tuple(suites)


def run_suites(given: Gathered, counts: dict[str, TableCounts], out: Path) -> list[dict[str, Any]]:
    """Validate every suite that has anything to look at; writes Data Docs to ``out/data_docs`` and, for whatever
    failed, the rows behind it to ``out/failed``.

    Grain: one dict an expectation: suite, table, type, column, severity, zh, en, owner, success, observed,
    failed (rows of the frame), of (rows looked at), page, blocks, sentence_zh, sentence_en.
    """
    from expectations.docs import Docs
    from expectations.failures import write_failures

    judged = []
    with Docs(out, given.quarter) as docs:
        for suite in load_suites():
            if suite.table in counts and counts[suite.table].accepted:
                frame = suite.frame(given)
                if len(frame.data):
                    judged.append(docs.validate(suite, frame))
        pages = write_failures(given, judged, out)
        docs.publish(pages)
    return [result for one in judged for result in one.results]
