"""What is repaired, what it becomes, and that what can be read in two ways is not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.spelling import cleaned, mended, typed
from records.contract import load_contract

CONTRACT = load_contract()


def read(table: str, column: str, text: str | None) -> tuple[Any, Any]:
    """Text after mending, and the value as text."""
    kind = CONTRACT[table].column(column)
    row = duckdb.execute(
        f"SELECT m, {typed(kind, 'm')}::VARCHAR FROM (SELECT {mended(kind, 'c')} AS m FROM "
        f"(SELECT {cleaned(kind, 't')} AS c FROM (SELECT $t::VARCHAR AS t)))",
        {"t": text},
    ).fetchall()[0]
    return row[0], row[1]


CASES = [
    # table, column, as it came, value, repair
    ("settlement", "setl_id", " S001\t", "S001", "surrounding_blanks"),
    ("settlement", "setl_id", "\u3000S001\xa0", "S001", "surrounding_blanks"),
    ("settlement", "setl_id", "Ｓ００１", "S001", "full_width"),
    ("settlement", "acct_pay", "９．６０", "9.60", "full_width"),
    ("settlement", "medfee_sumamt", "1,234.50", "1234.50", "thousands_separator"),
    ("settlement", "medfee_sumamt", "12,345,678", "12345678.00", "thousands_separator"),
    ("settlement", "setl_time", "2026/8/1 9:05:00", "2026-08-01 09:05:00", "date_spelling"),
    ("settlement", "setl_time", "2026-08-01T09:05:00", "2026-08-01 09:05:00", "date_spelling"),
    ("settlement", "setl_time", "2026-08-01T09:05:00.000+08:00", "2026-08-01 09:05:00", "date_spelling"),
    ("settlement", "setl_time", "2026-08-01 09:05:00.0", "2026-08-01 09:05:00", "date_spelling"),
    ("settlement", "setl_time", "20260801090500", "2026-08-01 09:05:00", "date_spelling"),
    ("settlement", "setl_time", "2026年8月1日 09:05", "2026-08-01 09:05:00", "date_spelling"),
    ("settlement", "setl_time", "2026-08-01", "2026-08-01 00:00:00", "date_spelling"),
    ("person", "brdy", "19600501", "1960-05-01", "date_spelling"),
    ("person", "brdy", "19600501.0", "1960-05-01", "date_spelling"),
    ("person", "brdy", "1960.5.1", "1960-05-01", "date_spelling"),
    ("person", "brdy", "1960/05/01 08:30", "1960-05-01", "date_spelling"),
    ("person", "dead_date", "NULL", None, "null_word"),
    ("person", "dead_date", r"\N", None, "null_word"),
    ("person", "dead_date", "N/A", None, "null_word"),
    ("person", "dead_date", "-", None, "null_word"),
    ("person", "dead_date", "  ", None, "surrounding_blanks"),
    ("prescription", "long_rx_flag", "是", "1", "flag_word"),
    ("prescription", "long_rx_flag", "N", "0", "flag_word"),
    ("prescription", "long_rx_flag", "true", "1", "flag_word"),
    ("prescription", "long_rx_flag", "0.0", "0", "number_spelling"),
    ("past_verdict", "verdict_class", "2.0", "2", "number_spelling"),
    ("fee_line", "chrgitm_lv", "1", "01", "code_spelling"),
    ("fee_line", "med_chrgitm_type", "9", "09", "code_spelling"),
    ("fee_line", "list_type", "101.0", "101", "code_spelling"),
    ("fee_line", "pric", "10.99999999", "11.000000", "rounded"),
    ("fee_line", "pric", "1.1E1", "11.000000", "number_spelling"),
    ("fee_line", "cnt", "+2", "2.0000", "number_spelling"),
    ("settlement", "acct_pay", "9.60000000001", "9.60", "rounded"),
    ("settlement", "acct_pay", "09.60", "9.60", "number_spelling"),
    ("prescription", "long_rx_flag", "00", "0", "number_spelling"),
    ("drug", "max_daily_dose", "4,000.0", "4000.0000", "thousands_separator"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "text", "value", "repair"), CASES)
def test_a_safe_repair_gives_the_value(table: str, column: str, text: str, value: str | None, repair: str) -> None:
    assert read(table, column, text)[1] == value


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("settlement", "acct_pay", "9,6"), ("settlement", "acct_pay", "1,23.00"),
        ("settlement", "acct_pay", "9.6元"),
        ("settlement", "acct_pay", "1_000"), ("settlement", "acct_pay", "nan1"),
        ("settlement", "setl_time", "46235"),
        ("settlement", "setl_time", "01/08/2026"), ("settlement", "setl_time", "2026-08-01 24:00:00"),
        ("settlement", "setl_time", "infinity"), ("settlement", "setl_time", "2026-08-01 09:05:00Z"),
        ("settlement", "setl_time", "2026080109"), ("person", "brdy", "1960-13-01"),
        ("prescription", "long_rx_flag", "1.5"), ("past_verdict", "incl_prob", "inf"),
    ],
)  # fmt: skip
def test_what_is_no_value_or_more_than_one_is_not_read(table: str, column: str, text: str) -> None:
    mended_text, value = read(table, column, text)
    assert value is None
    assert mended_text is not None


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("fee_line", "hilist_name", "ＡＢ复方（Ⅰ）"), ("settlement", "setl_id", "0012.0"),
        ("clue", "subject_code", "-1"),
        ("diagnosis", "diag_name", "=1+1"), ("fee_line", "sin_dosunt", "mg"),
        ("settlement", "med_type", "9901"),
    ],
)  # fmt: skip
def test_what_is_good_stays_as_it_is(table: str, column: str, text: str) -> None:
    assert read(table, column, text) == (text, text)


def test_every_repair_is_listed(gate: Any, make_city: Any) -> None:
    city = make_city(len(CASES))
    announced = []
    for number, (table, column, text, value, repair) in enumerate(CASES, start=1):
        k = f"{number:03d}"
        key = {"settlement": f"S{k}", "person": f"P{k}", "fee_line": f"F{k}A", "drug": "XA02"}.get(table, f"R{k}")
        city.row(table, key)[column] = text.replace("001", k).replace("００１", _wide(k)) if "setl_id" in column else text
        announced.append((table, key, column, repair, value))
    checked = gate(city)
    assert checked.sorted_out() == {}
    listed = [
        (path.stem, *row)
        for path in sorted((checked.out / "repairs").glob("*.parquet"))
        for row in duckdb.execute(f"SELECT key, \"column\", repair_code FROM '{path}' WHERE key IS NOT NULL").fetchall()
    ]
    unchanged = [
        row
        for path in sorted((checked.out / "repairs").glob("*.parquet"))
        for row in duckdb.execute(f"SELECT * FROM '{path}' WHERE before = after").fetchall()
    ]
    assert unchanged == []
    assert sorted(listed) == sorted((t, k, c, r) for t, k, c, r, _ in announced)
    assert checked.result.tables["person"].repaired == sum(1 for table, *_ in announced if table == "person")


def test_what_is_mended_of_a_whole_file_is_listed(gate: Any, city: Any, run_check: Any, tmp_path: Path) -> None:
    plain, folder = gate(city), tmp_path / "other"
    folder.mkdir()
    for name in city.tables:
        text = (tmp_path / "a" / "data" / f"{name}.csv").read_bytes().decode()
        assert "\r\n" in text
        if name == "person":
            content = text.replace("\r\n", "\n").encode("utf-8-sig")
        elif name == "diagnosis":
            content = text.replace("\r\n", "\r").replace("mdtrt_id", "mdtrtId", 1).encode("gb18030")
        else:
            content = text.replace("\r\n", "\n").encode()
        (folder / f"{name}.csv").write_bytes(content)
    checked = run_check(folder, tmp_path / "out")
    listed = {
        path.stem: duckdb.execute(f"SELECT * FROM '{path}' ORDER BY ALL").fetchall()
        for path in (tmp_path / "out" / "repairs").glob("*.parquet")
    }
    assert listed.pop("person") == [(None, None, "utf-8 with BOM", "utf-8", "byte_order_mark")]
    assert listed.pop("diagnosis") == [
        (None, "mdtrt_id", "mdtrtId", "mdtrt_id", "column_alias"),
        (None, None, "CR", "LF", "line_ends"),
        (None, None, "gb18030", "utf-8", "encoding"),
    ]
    assert set(map(len, listed.values())) == {0}
    for name, counts in checked.result.tables.items():
        assert counts.repaired == 0
        assert checked.accepted(name) == plain.accepted(name)


def _wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)).map(lambda moment: moment.replace(microsecond=0))
SPELLINGS = st.sampled_from(
    ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y.%m.%d %H:%M:%S.0",
     "%Y年%m月%d日 %H:%M:%S", "%Y%m%d %H:%M:%S", "\ufeff%Y-%m-%d %H:%M:%S ", "%Y-%m-%d %H:%M:%S.123456"]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(MOMENTS, SPELLINGS)
def test_every_spelling_of_a_moment_is_that_moment(moment: datetime, spelling: str) -> None:
    assert read("settlement", "setl_time", moment.strftime(spelling))[1] == str(moment)


@settings(max_examples=80, deadline=None)
@given(st.decimals(-(10**9), 10**9, places=2))
def test_money_comes_through_exactly_with_and_without_separators(amount: Any) -> None:
    assert read("settlement", "acct_pay", f"{amount}")[1] == f"{amount:.2f}"
    assert read("settlement", "acct_pay", f"{amount:,}")[1] == f"{amount:.2f}"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=12), st.sampled_from([(t.name, c.name) for t in CONTRACT for c in t.columns]))
def test_no_text_makes_the_reading_fail(text: str, place: tuple[str, str]) -> None:
    mended_text, value = read(*place, text.replace("\x00", ""))
    assert value is None or mended_text is not None
