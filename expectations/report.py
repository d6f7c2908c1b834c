"""The gate's report for the agency: one page that needs no knowledge of Great Expectations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.faults import load_faults
from records.contract import Contract, Table
from records.output import write_json, write_text
from records.periods import Quarter
from records.readers import quoted

if TYPE_CHECKING:
    import duckdb

    from expectations.gate import GateResult

_STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
#: Tables whose rows are shown by month, and the time that says which month.
_TRENDS = {"settlement": "setl_time", "prescription": "prsc_time", "fee_line": "fee_ocur_time"}


def faults_by_institution(con: duckdb.DuckDBPyConnection, contract: Contract, supplied: Iterable[str]) -> list[dict[str, Any]]:
    """Quarantined rows by table, institution and fault; the institution of a row is its own or its parent's.

    Grain: one dict a table, institution and fault. ``rows`` are all rows of that institution in the table;
    the institution is empty where a row names none.
    """
    found: list[dict[str, Any]] = []
    for table in (contract[name] for name in supplied):
        place = _institution(contract, table)
        if place is None:
            continue
        code, join = place
        codes = "list_distinct(list_transform(marks, lambda x: regexp_replace(x, ':.*', '')))"
        rows = con.execute(
            f"WITH r AS (SELECT coalesce({code}, '') AS who, marks FROM sorted.{table.name} t {join}), "
            "n AS (SELECT who, count(*) AS n FROM r GROUP BY 1), "
            f"f AS (SELECT who, unnest({codes}) AS fault FROM r WHERE len(marks) > 0) "
            "SELECT f.who, f.fault, count(*), any_value(n.n) FROM f JOIN n USING (who) "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        found += [
            {"table": table.name, "fixmedins_code": who, "fault": fault, "quarantined": bad, "rows": of}
            for who, fault, bad, of in rows
        ]
    return found


def _institution(contract: Contract, table: Table) -> tuple[str, str] | None:
    """SQL: the institution of a row and the join it needs; None where a table has none."""
    if any(column.name == "fixmedins_code" for column in table.columns):
        return "t.fixmedins_code", ""
    for column in table.columns:
        if column.references in ("settlement", "prescription"):
            key = quoted(contract[column.references].key[0])
            parents = f"(SELECT {key} AS k, min(fixmedins_code) AS fixmedins_code FROM sorted.{column.references} GROUP BY 1)"
            return "p.fixmedins_code", f"LEFT JOIN {parents} p ON p.k = t.{quoted(column.name)}"
    return None


def by_month(con: duckdb.DuckDBPyConnection, supplied: Iterable[str]) -> list[dict[str, Any]]:
    """Rows accepted and quarantined by month; rows without a time are left out. Grain: a table and month."""
    found = []
    for name, time in _TRENDS.items():
        if name in supplied:
            rows = con.execute(
                f"SELECT strftime({time}, '%Y-%m'), count(*) FILTER (ok), count(*) FILTER (NOT ok) "
                f"FROM sorted.{name} WHERE {time} IS NOT NULL GROUP BY 1 ORDER BY 1"
            ).fetchall()
            found += [{"table": name, "month": m, "accepted": a, "quarantined": q} for m, a, q in rows]
    return found


def write_report(con: duckdb.DuckDBPyConnection, contract: Contract, result: GateResult, quarter: Quarter, out: Path) -> None:
    """Write gate_report.json and gate_report.html; no clock in either."""
    supplied = list(result.tables)
    content = {
        "quarter": str(quarter),
        "tables": {name: asdict(counts) for name, counts in result.tables.items()},
        "by_institution": faults_by_institution(con, contract, supplied),
        "by_month": by_month(con, supplied),
        "expectations": result.suites,
        "blocking": [{"zh": zh, "en": en} for zh, en in zip(result.blocking_zh, result.blocking, strict=True)],
        "switched_off": result.switched_off,
    }
    write_json(out / "gate_report.json", content)
    write_text(out / "gate_report.html", _page(content, contract))


def _page(content: dict[str, Any], contract: Contract) -> str:
    quarter, tables = escape(content["quarter"]), content["tables"]
    verdict = "不能使用 cannot be used" if content["blocking"] else "可以使用 can be used"
    parts = [
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>{quarter}</title><style>{_STYLE}</style>",
        f"<h1>数据校验报告 Data check {quarter}：{verdict}</h1>",
        *[f"<p class=bad>{escape(e['zh'])} {escape(e['en'])}</p>" for e in content["blocking"]],
        "<h2>各表 Tables</h2>",
        _table(
            ["表 table", "读入 in", "接受 accepted", "隔离 quarantined", "修复 repaired", "隔离占比 share"],
            [_counts(contract[name], counts) for name, counts in tables.items()],
        ),
        "<h2>问题 Faults</h2>",
        _table(["表 table", "问题 fault", "说明 meaning", "处理 outcome", "行数 rows"], _faults(tables)),
        "<h2>各机构的问题 Faults by institution</h2>",
        _table(
            ["表 table", "机构 institution", "问题 fault", "隔离 quarantined", "全部行 rows"],
            [[e["table"], e["fixmedins_code"], e["fault"], e["quarantined"], e["rows"]] for e in content["by_institution"]],
        ),
        "<h2>各月记录 Rows by month</h2>",
        *_trends(content["by_month"]),
        "<h2>金额核对 Money</h2>",
        _table(
            ["表 table", "金额 amount", "读入 in", "接受 accepted", "隔离 quarantined"],
            [
                [name, column, sums["in"], sums["accepted"], sums["quarantined"]]
                for name, counts in tables.items()
                for column, sums in counts["money"].items()
            ],
        ),
        "<h2>整表要求 Expectations</h2><p><a href='data_docs/index.html'>Data Docs</a></p>",
        _table(
            ["对象 suite", "列 column", "要求 expectation", "结果 result", "观察值 observed", "负责 owner"],
            [_suite(entry) for entry in content["expectations"]],
        ),
        "<h2>已关闭 Switched off</h2>",
        _table(
            ["对象 what", "原因 why"],
            [[e["what"], f"{e['why_zh']} {e['why_en']}"] for e in content["switched_off"]],
        ),
    ]
    return "\n".join(parts) + "</html>\n"


class _Markup(str):
    """Text that is HTML already."""


def _counts(table: Table, counts: dict[str, Any]) -> list[object]:
    share = 100 * counts["quarantined"] / counts["rows_in"] if counts["rows_in"] else 0.0
    bar = _Markup(f"<span class=bar style='width:{min(share, 100) * 2:.1f}px'></span> {share:.2f} %")
    name = f"{table.zh} {table.name}"
    return [name, counts["rows_in"], counts["accepted"], counts["quarantined"], counts["repaired"], bar]


def _faults(tables: dict[str, Any]) -> list[list[object]]:
    faults = load_faults()
    outcome = {"quarantine": "隔离 quarantined", "repaired": "合并 merged", "noted": "保留 kept"}
    return [
        [name, code, f"{faults[code].zh} {faults[code].en}", outcome[faults[code].severity], count]
        for name, counts in tables.items()
        for code, count in counts["by_fault"].items()
    ]


def _trends(months: Sequence[dict[str, Any]]) -> list[str]:
    """Inline bar charts, one a table: accepted and, on top, quarantined rows of each month."""
    charts = []
    for name in dict.fromkeys(entry["table"] for entry in months):
        rows = [entry for entry in months if entry["table"] == name][-24:]
        top = max(entry["accepted"] + entry["quarantined"] for entry in rows)
        bars = "".join(_bar(index, entry, top) for index, entry in enumerate(rows))
        charts.append(
            f"<h3>{escape(name)}</h3><svg width='{len(rows) * 44 + 10}' height='140' role='img' "
            f"aria-label='{escape(name)} rows by month'>{bars}</svg>"
        )
    return charts


def _bar(index: int, entry: dict[str, Any], top: int) -> str:
    x, good, bad = index * 44 + 5, 110 * entry["accepted"] / top, 110 * entry["quarantined"] / top
    title = f"{entry['month']}: {entry['accepted']:,} + {entry['quarantined']:,}"
    return (
        f"<g><title>{escape(title)}</title>"
        f"<rect x='{x}' y='{120 - good:.1f}' width='34' height='{good:.1f}' fill='#2f6f9f'/>"
        f"<rect x='{x}' y='{120 - good - bad:.1f}' width='34' height='{bad:.1f}' fill='#c0392b'/>"
        f"<text x='{x}' y='135' font-size='10'>{escape(entry['month'])}</text></g>"
    )


def _suite(entry: dict[str, Any]) -> list[object]:
    passed = "通过 passed" if entry["success"] else "未通过 failed"
    name = f"{entry['suite']} {entry['part']}".strip()
    return [name, entry["column"], f"{entry['zh']} {entry['en']}", passed, entry["observed"], entry["owner"]]


def _table(header: list[str], rows: list[list[object]]) -> str:
    if not rows:
        return "<p>无 none</p>"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    if isinstance(value, _Markup):
        return f"<td>{value}</td>"
    if isinstance(value, int):
        return f"<td class=n>{value:,}</td>"
    return f"<td>{escape(str(value))}</td>"
