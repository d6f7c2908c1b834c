"""The gate's report for the agency: one page that needs no knowledge of Great Expectations."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.output import write_json, write_text
from records.periods import Quarter

if TYPE_CHECKING:
    import duckdb

    from expectations.gate import GateResult

_STYLE = """body{font-family:sans-serif;margin:2em;max-width:70em;color:#1f2933}table{border-collapse:collapse;
width:100%;margin:1em 0}th,td{border-bottom:1px solid #d9e2ec;padding:.4em .6em;text-align:left}
td.n{text-align:right}.bar{background:#2f6f9f;height:.8em;display:inline-block}.bad{color:#a61b1b;font-weight:bold}"""
_WITH_INSTITUTION = ("settlement", "prescription", "practitioner")


def faults_by_institution(con: duckdb.DuckDBPyConnection, supplied: list[str]) -> list[dict[str, Any]]:
    """Quarantined rows by institution and table; institution as it came, empty where it is missing."""
    parts = [
        f"SELECT '{table}' AS \"table\", coalesce(m_fixmedins_code, '') AS fixmedins_code, "
        f"len(faults) > 0 AS faulty FROM sorted.{table}"
        for table in _WITH_INSTITUTION
        if table in supplied
    ]
    rows = con.execute(
        'SELECT "table", fixmedins_code, count(*), count(*) FILTER (faulty) FROM ('
        + " UNION ALL ".join(parts)
        + ") GROUP BY ALL HAVING count(*) FILTER (faulty) > 0 ORDER BY ALL"
    ).fetchall()
    return [
        {"table": t, "fixmedins_code": code, "rows": rows_in, "quarantined": bad}
        for t, code, rows_in, bad in rows
    ]


def write_report(con: duckdb.DuckDBPyConnection, result: GateResult, quarter: Quarter, out: Path) -> None:
    """Write gate_report.json and gate_report.html; no clock in either."""
    by_institution = faults_by_institution(con, list(result.tables))
    content = {
        "quarter": str(quarter),
        "tables": {name: asdict(counts) for name, counts in result.tables.items()},
        "by_institution": by_institution,
        "expectations": result.suites,
        "blocking": result.blocking,
        "switched_off": result.switched_off,
    }
    write_json(out / "gate_report.json", content)
    write_text(out / "gate_report.html", _page(result, quarter, by_institution))


def _page(result: GateResult, quarter: Quarter, by_institution: list[dict[str, Any]]) -> str:
    parts = [
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>{quarter}</title><style>{_STYLE}</style>",
        f"<h1>数据校验报告 Data check {quarter}</h1>",
        *[f"<p class=bad>{escape(sentence)}</p>" for sentence in result.blocking],
        "<h2>各表 Tables</h2>",
        _table(
            ["表 table", "读入 in", "接受 accepted", "隔离 quarantined", "修复 repaired", ""],
            [_counts(name, counts) for name, counts in result.tables.items()],
        ),
        "<h2>问题 Faults</h2>",
        _table(["表 table", "问题 fault", "说明 meaning", "行数 rows"], _faults(result)),
        "<h2>各机构隔离行 Quarantined by institution</h2>",
        _table(
            ["表 table", "机构 institution", "行 rows", "隔离 quarantined"],
            [[e["table"], e["fixmedins_code"], e["rows"], e["quarantined"]] for e in by_institution],
        ),
        "<h2>整表要求 Expectations</h2><p><a href='data_docs/index.html'>Data Docs</a></p>",
        _table(
            ["表 table", "要求 expectation", "结果 result", "观察值 observed", "负责 owner"], _suites(result)
        ),
        "<h2>已关闭 Switched off</h2>",
        _table(
            ["对象 what", "原因 why"],
            [[e["what"], f"{e['why_zh']} {e['why_en']}"] for e in result.switched_off],
        ),
    ]
    return "\n".join(parts) + "</html>\n"


def _counts(name: str, counts: Any) -> list[object]:
    share = 100 * counts.quarantined / counts.rows_in if counts.rows_in else 0.0
    bar = _Markup(f"<span class=bar style='width:{min(share, 100) * 2:.1f}px'></span> {share:.2f} %")
    return [name, counts.rows_in, counts.accepted, counts.quarantined, counts.repaired, bar]


def _faults(result: GateResult) -> list[list[object]]:
    from expectations.gate import load_faults

    faults = load_faults()
    return [
        [name, code, f"{faults[code].zh} {faults[code].en}", count]
        for name, counts in result.tables.items()
        for code, count in counts.by_fault.items()
    ]


def _suites(result: GateResult) -> list[list[object]]:
    return [
        [
            entry["table"],
            f"{entry['zh']} {entry['en']}",
            "通过 passed" if entry["success"] else "未通过 failed",
            entry["observed"],
            entry["owner"],
        ]
        for entry in result.suites
    ]


class _Markup(str):
    """Text that is HTML already."""


def _table(header: list[str], rows: list[list[object]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    if isinstance(value, _Markup):
        return f"<td>{value}</td>"
    if isinstance(value, int):
        return f"<td class=n>{value:,}</td>"
    return f"<td>{escape(str(value))}</td>"
