"""Files as they come: encodings, forms, other names, and what is no table."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from records.asof import connect
from records.contract import load_contract
from records.errors import DataFault, MissingTable, Situation, UnreadableFile
from records.readers import SourceReport, read_source, read_tables

HEADER = "fixmedins_code,fixmedins_name,fixmedins_type,hosp_lv,admdvs,tcm_flag"
ROW = "H1,曲靖第一医院,1,3,530302,0"
Read = Callable[[], tuple[duckdb.DuckDBPyConnection, SourceReport]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for table in load_contract():
        if table.needed:
            header = ",".join(column.name for column in table.columns)
            (tmp_path / f"{table.name}.csv").write_text(header + "\n", encoding="utf-8")
    (tmp_path / "institution.csv").unlink()
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Read:
    def run() -> tuple[duckdb.DuckDBPyConnection, SourceReport]:
        con = duckdb.connect()
        return con, read_source(con, folder, load_contract())

    return run


def names(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in con.execute("SELECT fixmedins_name FROM raw.institution").fetchall()]


TEXT = f"{HEADER}\n{ROW}\n"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (TEXT.encode(), "institution.csv", ("utf-8", False, "LF")),
        (b"\xef\xbb\xbf" + TEXT.encode(), "institution.csv", ("utf-8", True, "LF")),
        (TEXT.encode("gb18030"), "institution.csv", ("gb18030", False, "LF")),
        (gzip.compress(TEXT.encode()), "institution.csv.gz", ("utf-8", False, "LF")),
        (gzip.compress(TEXT.encode("gb18030")), "institution.csv.gz", ("gb18030", False, "LF")),
        (TEXT.replace("\n", "\r\n").encode(), "institution.csv", ("utf-8", False, "CRLF")),
        (TEXT.replace("\n", "\r").encode(), "institution.csv", ("utf-8", False, "CR")),
    ],
)
def test_encodings(folder: Path, read: Read, content: bytes, name: str, said: tuple[str, bool, str]) -> None:
    (folder / name).write_bytes(content)
    con, report = read()
    assert names(con) == ["曲靖第一医院"]
    source = report.tables["institution"]
    assert (source.encoding, source.bom, source.line_ends) == said


def test_one_damaged_byte_does_not_turn_utf8_into_gb18030(folder: Path, read: Read) -> None:
    content = (TEXT + "H2,宣威市人民医院,1,2,530381,0\n").encode()
    (folder / "institution.csv").write_bytes(content.replace("宣".encode(), b"\xe5\xae", 1))
    con, report = read()
    assert report.tables["institution"].encoding == "utf-8"
    assert names(con)[0] == "曲靖第一医院"
    assert "\ufffd" in names(con)[1]


def test_parquet_files_and_folders_of_parts(folder: Path, read: Read) -> None:
    (folder / "institution").mkdir()
    columns = "fixmedins_code,fixmedins_name,fixmedins_type,3::BIGINT AS hosp_lv,530302 AS admdvs,false AS tcm_flag"
    for part in (1, 2):
        duckdb.execute(
            f"COPY (SELECT {columns} FROM (SELECT 'H{part}' AS fixmedins_code, '院{part}' AS fixmedins_name, "
            f"1 AS fixmedins_type)) TO '{folder / 'institution' / f'part-{part}.parquet'}'"
        )
    con, report = read()
    assert names(con) == ["院1", "院2"]
    assert con.execute("SELECT DISTINCT hosp_lv, admdvs, tcm_flag FROM raw.institution").fetchall() == [("3", "530302", "0")]
    assert set(report.hashes) >= {"institution/part-1.parquet", "institution/part-2.parquet"}


def test_what_is_no_table_is_never_opened_but_said(folder: Path, read: Read) -> None:
    (folder / "institution.csv").write_text(TEXT, encoding="utf-8")
    (folder / "README.md").write_text("x", encoding="utf-8")
    (folder / "truth").mkdir()
    assert read()[1].ignored == ["README.md", "truth/"]


def test_extra_columns_are_left_out_and_other_names_accepted(folder: Path, read: Read) -> None:
    text = TEXT.replace("fixmedins_code", "fixmedinsCode").replace("tcm_flag\n", "tcm_flag,mine\n")
    (folder / "institution.csv").write_text(text.replace(ROW, ROW + ",x"), encoding="utf-8")
    source = read()[1].tables["institution"]
    assert source.columns_extra == ["mine"]
    assert source.aliases_used == {"fixmedinsCode": "fixmedins_code"}


def test_a_record_that_does_not_parse_is_kept_apart(folder: Path, read: Read) -> None:
    (folder / "institution.csv").write_text(TEXT + "H2,short\n" + ROW + "\n", encoding="utf-8")
    con, report = read()
    assert names(con) == ["曲靖第一医院", "曲靖第一医院"]
    assert con.execute("SELECT table_name, text FROM raw.unparsed").fetchall() == [("institution", "H2,short")]
    assert report.tables["institution"].rows == 3


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"", UnreadableFile, "empty"),
        (b"\x00\x01\x02", UnreadableFile, "not a text file"),
        (b"a,b,c\n1,2,3\n", UnreadableFile, "another file"),
        (b"fixmedins_code,fixmedins_code\n", DataFault, "twice"),
        (b"fixmedins_code\nH1\n", DataFault, "lacks the needed column"),
    ],
)
def test_a_file_that_is_no_table_is_refused(folder: Path, read: Read, content: bytes, kind: type[Situation], said: str) -> None:
    (folder / "institution.csv").write_bytes(content)
    with pytest.raises(kind, match=said):
        read()


def test_a_truncated_gzip_or_parquet_is_refused(folder: Path, read: Read) -> None:
    (folder / "institution.csv.gz").write_bytes(gzip.compress(TEXT.encode() * 50)[:-9])
    with pytest.raises(UnreadableFile, match="truncated"):
        read()
    (folder / "institution.csv.gz").unlink()
    (folder / "institution.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UnreadableFile, match="Parquet"):
        read()


def test_a_missing_table_and_a_doubled_one_are_said(folder: Path, read: Read) -> None:
    with pytest.raises(MissingTable, match="institution"):
        read()
    (folder / "institution.csv").write_text(TEXT, encoding="utf-8")
    (folder / "institution.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    with pytest.raises(DataFault, match="more than once"):
        read()


def test_a_database_is_read_like_a_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "institution.csv").write_text(TEXT, encoding="utf-8")
    place = tmp_path / "agency.duckdb"
    with duckdb.connect(str(place)) as source:
        for table in load_contract():
            if table.needed:
                file = folder / f"{table.name}.csv"
                source.execute(f"CREATE TABLE {table.name} AS FROM read_csv('{file}', all_varchar=true)")
        source.execute("CREATE TABLE staff AS SELECT 1 AS n")
    con = duckdb.connect()
    report = read_source(con, f"duckdb://{place}", load_contract())
    assert names(con) == ["曲靖第一医院"]
    assert report.ignored == ["staff"]


ODD = ["ex[1]", "a*b", "q?", "admdvs=999999", "it's"]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("form", ["institution.csv", "institution.parquet", "institution/p[1].parquet"])
def test_the_name_of_a_folder_is_no_pattern_and_no_column(tmp_path: Path, name: str, form: str) -> None:
    """Beside each lies a folder that the name would match as a pattern."""
    like = name.replace("[", "").replace("]", "").replace("*", "x").replace("?", "1")
    for odd, text in ((like, TEXT.replace("曲靖", "别的")), (name, TEXT)):
        place = tmp_path / odd / form
        place.parent.mkdir(parents=True, exist_ok=True)
        if form.endswith("csv"):
            place.write_text(text, encoding="utf-8")
        else:
            (tmp_path / "one.csv").write_text(text, encoding="utf-8")
            duckdb.read_csv(str(tmp_path / "one.csv"), all_varchar=True).write_parquet(str(place))
    con = connect(scratch=tmp_path / name / "spill")
    report = read_tables(con, tmp_path / name, load_contract(), ["institution"])
    assert names(con) == ["曲靖第一医院"]
    assert con.execute("SELECT admdvs FROM raw.institution").fetchall() != [("999999",)]
    assert report.tables["institution"].rows == 1


def test_what_lies_in_a_table_s_folder_and_is_not_read_is_said(tmp_path: Path) -> None:
    inside = tmp_path / "institution"
    (inside / "sub").mkdir(parents=True)
    (inside / "A.CSV").write_text(TEXT, encoding="utf-8")
    (inside / "_SUCCESS").touch()
    (inside / "b.csv.zip").touch()
    (tmp_path / b"\xbd\xe1.csv".decode("utf-8", "surrogateescape")).touch()
    report = read_tables(connect(), tmp_path, load_contract(), ["institution"])
    assert report.tables["institution"].rows == 1
    assert report.ignored[:2] == ["institution/b.csv.zip", "institution/sub/"]
    assert report.ignored[2].endswith(".csv")
    assert report.ignored[2].isprintable()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.replace(",", ";"), "separated by semicolons"),
        (TEXT.replace(",", "\t"), "separated by tabs"),
        ("sep=,\n" + TEXT, "does not begin with its header row"),
        ("\n\n" + TEXT, "does not begin with its header row"),
    ],
)
def test_a_file_written_otherwise_is_told_how(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "institution.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableFile, match=said):
        read_tables(connect(), tmp_path, load_contract(), ["institution"])


def test_further_columns_of_one_name_and_blanks_in_the_header_do_no_harm(tmp_path: Path) -> None:
    head, row = TEXT.splitlines()
    (tmp_path / "institution.csv").write_text(f"\u200b{head},,,x,x\n{row},,,1,2\n", encoding="utf-8")
    con = connect()
    report = read_tables(con, tmp_path, load_contract(), ["institution"])
    assert names(con) == ["曲靖第一医院"]
    assert report.tables["institution"].columns_extra == ["", "", "x", "x"]
