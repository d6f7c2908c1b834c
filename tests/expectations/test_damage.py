"""Bytes damaged at random: no traceback, and every record that was not touched comes through as it was."""

from __future__ import annotations

import csv
import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.asof import connect
from records.contract import load_contract
from records.errors import Situation
from records.readers import read_tables
from records.text import split
from tests.expectations.damage import Damage, Written, any_damage, written

HEADER = ["mdtrt_id", "diag_srt_no", "diag_type", "diag_code", "diag_name", "maindiag_flag"]
NAMES = [
    "急性支气管炎",
    "高血压, 3级",
    '他说"痛"',
    "第一行\n第二行",
    "肺炎\n，伴\n咳嗽",
    "",
    "=1+1",
    "O'Neil; DROP TABLE x",
    "🙂🙂",
    "糖尿病",
]
FORMS = {
    "utf-8": {"encoding": "utf-8", "quoting": csv.QUOTE_MINIMAL, "end": "\n"},
    "windows": {"encoding": "utf-8-sig", "quoting": csv.QUOTE_ALL, "end": "\r\n"},
    "gb18030": {"encoding": "gb18030", "quoting": csv.QUOTE_MINIMAL, "end": "\r\n"},
    "quoted": {"encoding": "utf-8", "quoting": csv.QUOTE_ALL, "end": "\n"},
}
EACH = 120


def rows() -> list[list[str]]:
    return [[f"V{n:03d}", str(1 + n % 3), "1", "J20.900", NAMES[n % len(NAMES)], "1"] for n in range(40)]


def document(form: str) -> Written:
    options = dict(FORMS[form])
    bom = options["encoding"] == "utf-8-sig"
    options["encoding"] = "utf-8" if bom else options["encoding"]
    made = written(HEADER, rows(), **options)  # type: ignore[arg-type]
    if not bom:
        return made
    return Written(
        b"\xef\xbb\xbf" + made.content, made.records, [(b + 3 * (n > 0), e + 3) for n, (b, e) in enumerate(made.spans)]
    )


def came(folder: Path) -> Counter[tuple[str, ...]] | str:
    """The records read of a damaged diagnosis file, empty values as empty texts, or the sentence that refused it."""
    con = connect()
    try:
        report = read_tables(con, folder, load_contract(), ["diagnosis"])
    except Situation as situation:
        return str(situation)
    source = report.tables["diagnosis"]
    columns = ", ".join(f"coalesce({c}, '')" if c in source.columns_present else "''" for c in HEADER)
    found = con.execute(f"SELECT {columns} FROM raw.diagnosis").fetchall()
    unparsed = con.execute("SELECT count(*) FROM raw.unparsed").fetchall()[0][0]
    assert source.rows == len(found) + unparsed
    return Counter(found)


@pytest.mark.parametrize("form", FORMS)
def test_records_that_were_not_touched_come_through_unchanged(form: str, tmp_path: Path) -> None:
    whole, rng = document(form), random.Random(form)
    for _ in range(EACH):
        damage = any_damage(rng, len(whole.content))
        (tmp_path / "diagnosis.csv").write_bytes(damage.done(whole.content))
        found, touched = came(tmp_path), whole.touched(damage)
        if 0 in touched:
            assert isinstance(found, Counter) or found.count("\n") == 0
            continue
        assert isinstance(found, Counter), (damage, found)
        safe = Counter(tuple(row) for n, row in enumerate(whole.records) if n > 0 and n not in touched)
        assert not safe - found, (damage, list((safe - found).elements()))
        assert (found - safe).total() <= len(touched) + 1, (damage, found - safe)


def test_several_damages_at_once_lose_only_what_they_touch(tmp_path: Path) -> None:
    whole, rng = document("quoted"), random.Random(5)
    for _ in range(30):
        content, touched = whole.content, set()
        for damage in sorted((any_damage(rng, len(content), whole.spans[1][0]) for _ in range(3)), key=lambda d: -d.at):
            touched |= whole.touched(damage)
            content = damage.done(content)
        (tmp_path / "diagnosis.csv").write_bytes(content)
        found = came(tmp_path)
        assert isinstance(found, Counter)
        # Two stray quotes may agree on a value that runs from one to the other; what lies between must not be lost.
        safe = Counter(tuple(row) for n, row in enumerate(whole.records) if n > 0 and n not in touched)
        assert not safe - found, list((safe - found).elements())


def test_damaged_parquet_and_gzip_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    plain, parquet = tmp_path / "plain.csv", tmp_path / "plain.parquet"
    plain.write_bytes(document("utf-8").content)
    duckdb.execute(f"COPY (FROM read_csv('{plain}', all_varchar=true)) TO '{parquet}'")
    rng, outcomes = random.Random(9), Counter[str]()
    forms = {"diagnosis.csv.gz": gzip.compress(plain.read_bytes()), "diagnosis.parquet": parquet.read_bytes()}
    for name, content in forms.items():
        for _ in range(100):
            cut = content[: rng.randrange(len(content))]
            (tmp_path / name).write_bytes(any_damage(rng, len(content)).done(content) if rng.random() < 0.8 else cut)
            outcomes[f"{name} {'read' if isinstance(_gated(tmp_path), Counter) else 'refused'}"] += 1
        (tmp_path / name).unlink()
    assert outcomes["diagnosis.csv.gz refused"] > 50
    assert outcomes["diagnosis.parquet refused"] > 50


def _gated(folder: Path) -> Counter[Any] | str:
    found = came(folder)
    if isinstance(found, str):
        assert found.count("\n") == 0
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8), min_size=2, max_size=6)
)
def test_splitting_gives_back_what_a_writer_wrote(values: list[str]) -> None:
    made = written(values, [], encoding="utf-8", quoting=csv.QUOTE_MINIMAL, end="\n")
    assert split(made.content.decode()[:-1]) == values


def test_a_damage_at_the_end_of_a_line_joins_two_records() -> None:
    whole = document("utf-8")
    assert whole.touched(Damage("delete", whole.spans[1][1] - 1, 0)) == {1, 2}


CLUES = ["clue_id", "received_time", "subject_type", "subject_code", "clue_text", "channel", "anonymous_flag"]


def clues(folder: Path, content: bytes) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Clue texts that were read, and records that were set aside."""
    (folder / "clue.csv").write_bytes(content)
    con = connect()
    read_tables(con, folder, load_contract(), ["clue"])
    read = con.execute("SELECT clue_id, clue_text FROM raw.clue ORDER BY ALL").fetchall()
    return read, [row[0] for row in con.execute("SELECT text FROM raw.unparsed ORDER BY ALL").fetchall()]


RIGHTLY_QUOTED = [
    "第一行\nC2,2026-08-01 00:00:00,person,P1,xx,phone,0\n谢谢",
    "一\n甲,乙,丙,丁,戊,己,庚\n",
    "a\r\nb",
    '"\n"',
    "a\rb",
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("text", RIGHTLY_QUOTED)
def test_what_is_rightly_quoted_stays_one_value(tmp_path: Path, text: str, end: str) -> None:
    rows = [[f"C{n}", "2026-08-01 00:00:00", "person", "P1", text, "phone", "0"] for n in (1, 3)]
    made = written(CLUES, rows, encoding="utf-8", quoting=csv.QUOTE_MINIMAL, end=end)
    read, aside = clues(tmp_path, made.content)
    assert read == [("C1", text), ("C3", text)]
    assert aside == []


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
def test_a_comma_too_many_shifts_no_value(tmp_path: Path, begin: bytes) -> None:
    lines = [",".join(CLUES), "C1,2026-08-01 00:00:00,person,P1,x,phone,0", "C2,2026-08-01 00:00:00,person,P1,x,y,phone,"]
    short = "C3,2026-08-01 00:00:00,person,P1,x,phone"
    read, aside = clues(tmp_path, begin + "\n".join([*lines, short, "   ", "\x1a"]).encode())
    assert read == [("C1", "x")]
    assert aside == [lines[2], short]
