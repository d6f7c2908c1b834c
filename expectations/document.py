"""Writes ``docs/gate.md`` from the gate's own data: ``python -m expectations.document``."""

from __future__ import annotations

from pathlib import Path

from expectations.faults import load_faults
from expectations.leavings import load_repairs
from expectations.notes import load_notes
from expectations.sorting import row_checks
from expectations.suites import load_suites
from records.output import write_text

PAGE = Path(__file__).parent.parent / "docs" / "gate.md"
_HEAD = """# 数据校验 The gate

Generated from `expectations/*.toml` by `python -m expectations.document`; do not edit.

`rxpanel check --data FOLDER --quarter Q` reads a folder (CSV in UTF-8 or GB18030, gzip, Parquet, folders of Parquet
parts) or a database (`postgresql://`, `sqlite://`, `duckdb://`), and every row of every table ends in one of two places:
accepted, or in `quarantine/<table>.parquet` as it came, with its reasons. In every table rows in = accepted + quarantined, and
so does the money; the command refuses to end otherwise. A folder that is not there, a missing needed table or column, a file
that is empty, truncated or another one: one sentence and exit code 3. Something that blocks: the same code, after all reports
were written.

What it leaves under `WORK/<quarter>/`: `gate_report.html` (begin there), `gate_report.json` (the same as data), `quarantine/`,
`repairs/`, `data_docs/` (Great Expectations' pages; they ask no other machine) and `failed/` (the rows behind each expectation
that failed: a page and a CSV file; the report and the Data Docs lead there).

Totals to reconcile, if there are any, stand beside the tables in `control_totals.csv`: `table`, `fixmedins_code` (empty for
all institutions), `measure` (`rows`, or the name of a number column, which is summed) and `value`.

A value that can be read in two ways is not repaired but quarantined with its row: 05/01/1960, 9,6, a year of two digits. What
could be misconduct or habit is never quarantined but noted and kept: it is for the rules and the panel to judge.
"""


def _faults() -> list[str]:
    outcome = {"blocks": "blocks the run", "quarantine": "quarantined", "repaired": "merged", "noted": "noted, kept"}
    rows = [f"| `{f.code}` | {outcome[f.severity]} | {f.zh} | {f.en} |" for f in load_faults().values()]
    return ["## 问题 Faults and notes", "", "| code | outcome | 说明 | meaning |", "|---|---|---|---|", *rows]


def _checks() -> list[str]:
    rows = [
        f"| {table} | `{check['fault'].partition(':')[0]}` | `{_code(check['when'])}` |"
        for table, checks in row_checks().items()
        for check in checks
    ]
    rows += [
        f"| {table} | `{note['code']}` | `{_code(note.get('when', note.get('count', '')))}` |"
        for table, notes in load_notes().items()
        for note in notes
    ]
    return [
        "## 行的条件 Conditions of whole rows", "",
        "Types, required values, code lists, ranges, lengths, keys and references follow from",
        "[the data dictionary](data_dictionary.md). `t` is the row, `of_<column>` what that column refers to.", "",
        "| table | fault or note | condition |", "|---|---|---|", *rows,
    ]  # fmt: skip


def _code(sql: str) -> str:
    return " ".join(sql.split()).replace("|", "\\|")


def _repairs() -> list[str]:
    rows = [f"| `{code}` | {words['zh']} | {words['en']} |" for code, words in load_repairs().items()]
    return ["## 修复 Repairs", "", "| code | 说明 | meaning |", "|---|---|---|", *rows]


def _expectations() -> list[str]:
    lines = [
        "## 整表要求 Expectations of whole tables",
        "",
        "| suite | column | severity | owner | 说明 | reason |",
        "|---|---|---|---|---|---|",
    ]
    for suite in load_suites():
        lines += [
            f"| {suite.name} | `{e['column']}` {_bounds(e)} | {e['severity']} | {e['owner']} | {e['zh']} | {e['en']} |"
            for e in suite.expectation
        ]
    return lines


def _bounds(entry: dict[str, object]) -> str:
    shown = [
        f"≥ {entry['min_value']}" if "min_value" in entry else "",
        f"≤ {entry['max_value']}" if "max_value" in entry else "",
    ]
    mostly = f"for {float(str(entry['mostly'])):.1%}" if "mostly" in entry else ""
    return " ".join(part for part in (*shown, mostly) if part) or "present"


def page() -> str:
    """The page as Markdown."""
    parts = [_faults(), _checks(), _repairs(), _expectations()]
    return _HEAD + "\n" + "\n\n".join("\n".join(part) for part in parts) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page())
