"""The gate's report as one page that needs no knowledge of Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from expectations.faults import load_faults
from expectations.leavings import load_repairs
from records.contract import Contract

_STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
_OUTCOMES = {"quarantine": "隔离 quarantined", "repaired": "合并 merged", "noted": "保留 kept"}
#: Institutions shown on the page; gate_report.json has them all.
_INSTITUTIONS = 200


class _Markup(str):
    """Text that is HTML already."""


def page(content: dict[str, Any], contract: Contract) -> str:
    """The page of what ``write_report`` gathered."""
    parts = [
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>{escape(content['quarter'])}</title>",
        f"<style>{_STYLE}</style>",
        *_head(content),
        *_rows_and_faults(content, contract),
        *_expectations(content["expectations"]),
        *_sources(content, contract),
        "<h2>已关闭 Switched off</h2>",
        _table(["对象 what", "原因 why"], [[e["what"], f"{e['why_zh']} {e['why_en']}"] for e in content["switched_off"]]),
    ]
    return "\n".join(parts) + "</html>\n"


def _head(content: dict[str, Any]) -> list[str]:
    """The verdict and the few numbers behind it."""
    counts = content["tables"].values()
    read, accepted, out = (sum(count[name] for count in counts) for name in ("rows_in", "accepted", "quarantined"))
    failed = sum(not entry["success"] for entry in content["expectations"])
    verdict = "不能使用 cannot be used" if content["blocking"] else "可以使用 can be used"
    return [
        f"<h1>数据校验报告 Data check {escape(content['quarter'])}：{verdict}</h1>",
        *[f"<p class=bad>{escape(e['zh'])} {escape(e['en'])}</p>" for e in content["blocking"]],
        f"<p>读入 {read:,} 行，接受 {accepted:,} 行，隔离 {out:,} 行；{failed} 项整表要求未通过。"
        f" {read:,} rows in, {accepted:,} accepted, {out:,} quarantined; {failed} expectations failed.</p>",
        "<p>每张表 读入 = 接受 + 隔离。隔离的行原样存于 quarantine/，修复逐项列于 repairs/。"
        " In every table, rows in = accepted + quarantined. Quarantined rows stand as they came in quarantine/,"
        " repairs one by one in repairs/.</p>",
    ]


def _rows_and_faults(content: dict[str, Any], contract: Contract) -> list[str]:
    tables = content["tables"]
    return [
        "<h2>各表 Tables</h2>",
        _table(
            ["表 table", "读入 in", "接受 accepted", "隔离 quarantined", "修复 repaired", "隔离占比 share"],
            [_counts(_named(contract, name), counts) for name, counts in tables.items()],
        ),
        "<h2>问题 Faults</h2>",
        _table(["表 table", "问题 fault", "说明 meaning", "处理 outcome", "行数 rows"], _faults(tables)),
        "<h2>各机构的问题 Faults by institution</h2>",
        _table(
            ["机构 institution", "表 table", "问题 fault", "隔离 quarantined", "全部行 rows", "占比 share"],
            _institutions(content["by_institution"], contract),
        ),
        "<h2>各月记录 Rows by month</h2>",
        "<p>柱高为行数；斜纹部分为隔离。 Bars are rows; the hatched part was quarantined.</p>",
        *_trends(content["by_month"]),
        "<h2>金额核对（元） Money (yuan)</h2>",
        _table(
            ["表 table", "金额 amount", "读入 in", "接受 accepted", "隔离 quarantined"],
            [
                [name, column, *(_number(sums[side]) for side in ("in", "accepted", "quarantined"))]
                for name, counts in tables.items()
                for column, sums in counts["money"].items()
            ],
        ),
        "<h2>修复 Repairs</h2>",
        _table(["表 table", "修复 repair", "说明 meaning", "数量 values"], _repairs(tables)),
    ]


def _expectations(entries: list[dict[str, Any]]) -> list[str]:
    """Expectations of whole tables, those that failed first."""
    return [
        "<h2>整表要求 Expectations</h2>",
        "<p>未通过的要求可点开，直至具体记录。 One that failed leads to the rows behind it."
        " <a href='data_docs/index.html'>Data Docs</a></p>",
        _table(
            ["对象 suite", "列 column", "要求 expectation", "结果 result", "不符 failed", "负责 owner"],
            [_expectation(entry) for entry in sorted(entries, key=lambda entry: entry["success"])],
        ),
    ]


def _expectation(entry: dict[str, Any]) -> list[object]:
    outcome = "通过 passed" if entry["success"] else "阻断 blocks" if entry["blocks"] else "未通过 failed"
    words = f"{entry['zh']} {entry['en']}"
    if entry["page"]:
        words = _Markup(f"<a href='{escape(entry['page'])}'>{escape(words)}</a>")
    return [entry["suite"], entry["column"], words, outcome, entry["observed"], entry["owner"]]


def _sources(content: dict[str, Any], contract: Contract) -> list[str]:
    ignored = ", ".join(content["ignored"])
    return [
        "<h2>来源 Sources</h2>",
        _table(
            ["表 table", "文件 files", "编码 encoding", "行数 rows", "未采用的列 columns left out"],
            [
                [
                    f"{contract[e['table']].zh} {e['table']}",
                    ", ".join(e["files"]),
                    e["encoding"],
                    e["rows"],
                    ", ".join(e["left_out"]),
                ]
                for e in content["sources"]
            ],
        ),
        f"<p>未打开 Never opened: {escape(ignored) if ignored else '无 none'}</p>",
    ]


def _named(contract: Contract, table: str) -> str:
    return f"{contract[table].zh} {table}"


def _counts(name: str, counts: dict[str, Any]) -> list[object]:
    share = _share(counts["quarantined"], counts["rows_in"])
    return [name, counts["rows_in"], counts["accepted"], counts["quarantined"], counts["repaired"], share]


def _share(part: int, whole: int) -> _Markup:
    """A share as a number and a bar."""
    share = 100 * part / whole if whole else 0.0
    return _Markup(f"<span class=bar style='width:{min(share, 100) * 2:.1f}px'></span> {share:.2f} %")


def _faults(tables: dict[str, Any]) -> list[list[object]]:
    faults = load_faults()
    return [
        [name, code, f"{faults[code].zh} {faults[code].en}", _OUTCOMES[faults[code].severity], count]
        for name, counts in tables.items()
        for code, count in counts["by_fault"].items()
    ]


def _repairs(tables: dict[str, Any]) -> list[list[object]]:
    words = load_repairs()
    return [
        [name, code, f"{words[code]['zh']} {words[code]['en']}", count]
        for name, counts in tables.items()
        for code, count in counts["by_repair"].items()
    ]


def _institutions(entries: list[dict[str, Any]], contract: Contract) -> list[list[object]]:
    """The worst first: most rows quarantined."""
    worst = sorted(entries, key=lambda e: (-e["quarantined"], e["fixmedins_code"], e["table"], e["fault"]))
    rows: list[list[object]] = []
    for e in worst[:_INSTITUTIONS]:
        who = f"{e['fixmedins_name']} {e['fixmedins_code']}".strip() or "未写明 none named"
        fault = f"{load_faults()[e['fault']].zh} {e['fault']}"
        share = _share(e["quarantined"], e["rows"])
        rows.append([who, _named(contract, e["table"]), fault, e["quarantined"], e["rows"], share])
    return rows


def _trends(months: Sequence[dict[str, Any]]) -> list[str]:
    """Inline bar charts, one a table: accepted and, on top, quarantined rows of each month."""
    charts = []
    for name in dict.fromkeys(entry["table"] for entry in months):
        rows = [entry for entry in months if entry["table"] == name][-24:]
        top = max(entry["accepted"] + entry["quarantined"] for entry in rows)
        bars = "".join(_bar(index, entry, top) for index, entry in enumerate(rows))
        charts.append(
            f"<h3>{escape(name)}</h3><svg width='{len(rows) * 52 + 10}' height='140' role='img' "
            f"aria-label='{escape(name)} rows by month'><defs><pattern id='out' width='4' height='4' "
            "patternUnits='userSpaceOnUse' patternTransform='rotate(45)'><rect width='2' height='4' fill='#c0392b'/>"
            f"</pattern></defs>{bars}</svg>"
        )
    return charts


def _bar(index: int, entry: dict[str, Any], top: int) -> str:
    x, good, bad = index * 52 + 5, 110 * entry["accepted"] / top, 110 * entry["quarantined"] / top
    title = f"{entry['month']}: {entry['accepted']:,} + {entry['quarantined']:,}"
    return (
        f"<g><title>{escape(title)}</title>"
        f"<rect x='{x}' y='{120 - good:.1f}' width='42' height='{good:.1f}' fill='#2f6f9f'/>"
        f"<rect x='{x}' y='{120 - good - bad:.1f}' width='42' height='{bad:.1f}' fill='url(#out)'/>"
        f"<text x='{x}' y='135' font-size='10'>{escape(entry['month'])}</text></g>"
    )


def _number(text: str) -> _Markup:
    """An exact amount with separators, at the right."""
    whole, _, rest = text.partition(".")
    return _Markup(f"<span class=n>{int(whole):,}{'.' + rest if rest else ''}</span>" if whole.lstrip("-").isdigit() else text)


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
