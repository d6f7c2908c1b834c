"""Rules and knowledge from the command line: tried, published by two, loaded in batches, and what is refused."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from basis.rulebook import load_rulebook
from pipelines import upheld
from pipelines.upheld import Verdicts, codes_of, count, rate, upheld_of
from records.workplace import Workplace

Command = Callable[..., subprocess.CompletedProcess[str]]
BASIS = Path(__file__).resolve().parents[2] / "basis"
DEZHOU = BASIS / "overrides" / "dezhou"
LONG = DEZHOU / "dezhou-long-supply.toml"
POINT = {"kp_id": "KP1", "rule_name": "某规则", "gz_code": "GZ1", "rule_class": "政策类", "status": "effective",
         "med_code": "XA", "code_form": "exact", "decidable": "1", "sex": "1"}  # fmt: skip


def points(path: Path, *rows: dict[str, str]) -> Path:
    names = list(dict.fromkeys([*POINT, "superseded_by", "enddate", "limit_text"]))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows({**POINT, **row} for row in rows)
    return path


def audit(work: Path, command: Command) -> None:
    assert command("audit", "verify", "--work", work).returncode == 0


def test_an_override_is_published_by_two_persons_and_logged(tmp_path: Path, command: Command) -> None:
    work = tmp_path / "work"
    publish = ("basis", "publish", LONG, "--published-by", "王药师", "--work", work)
    for second in ("王药师", " 王 药师", "  "):
        refused = command(*publish, "--approved-by", second, check=False)
        assert (refused.returncode, "name two" in refused.stderr) == (10, True)
    assert not (work / "basis").exists()
    done = command(*publish, "--approved-by", "李主任")
    book = load_rulebook(work / "basis" / "rules")
    assert [o.override_id for o in book.overrides] == ["dezhou-long-supply"]
    version = book.version_of("rx-days")
    assert version in done.stdout
    (kept,) = (work / "basis" / "published" / "dezhou-long-supply").iterdir()
    assert str(kept) in done.stdout
    assert (kept / LONG.name).read_bytes() == LONG.read_bytes()
    again = command(*publish, "--approved-by", "李主任", check=False)
    assert (again.returncode, "stands already" in again.stderr) == (2, True)
    assert "dezhou-long-supply" in command("basis", "list", "--work", work).stdout
    assert "long_days = 90" in command("basis", "show", "rx-days", "--work", work).stdout
    audit(work, command)


def test_what_must_not_count_is_not_published(tmp_path: Path, command: Command) -> None:
    draft = tmp_path / "draft.toml"
    draft.write_text(LONG.read_text(encoding="utf-8").replace("rx-days", "rx-none"), encoding="utf-8")
    (tmp_path / "dezhou-long-supply.txt").write_bytes(LONG.with_suffix(".txt").read_bytes())
    options = ("--published-by", "王", "--approved-by", "李", "--work", tmp_path / "work")
    refused = command("basis", "publish", draft, *options, check=False)
    assert (refused.returncode, "does not exist" in refused.stderr) == (3, True)
    rule = (BASIS / "rules" / "rx-mixed-pieces.toml").read_text(encoding="utf-8")
    (tmp_path / "rule.toml").write_text(rule.replace("rx_mixed_pieces", "mine"), encoding="utf-8")
    for sql, said in (("DROP TABLE findings", "not one SELECT"), ("SELECT 1 AS one", "does not run")):
        (tmp_path / "mine.sql").write_text(sql, encoding="utf-8")
        refused = command("basis", "publish", tmp_path / "rule.toml", *options, check=False)
        assert (refused.returncode, said in refused.stderr, refused.stderr.count("\n")) == (3, True, 1), refused.stderr
    assert not (tmp_path / "work" / "basis").exists()
    assert command("basis", "publish", tmp_path / "none.toml", *options, check=False).returncode == 7


def test_a_rule_is_tried_on_past_data(city: Any, tmp_path: Path, command: Command) -> None:
    work = tmp_path / "work"
    data = ("--data", city.second, "--quarter", "2026Q2", "--work", work)
    said = command("basis", "try", "rx-days", *data).stdout
    assert load_rulebook().version_of("rx-days") in said
    (total,) = map(int, re.findall(r"发现 findings (\d+)", said))
    assert total > 0
    assert "earlier verdicts on them" in said
    assert said.count("days of supply") >= 1
    draft = tmp_path / "local.toml"
    text = LONG.read_text(encoding="utf-8").replace('area = "3714"', "").replace("long_days", "outpatient_days")
    text = text.replace('["rx-days", "rx-quantity"]', '["rx-days"]')
    draft.write_text(text.replace("value = 90", "value = 300").replace("dezhou-long-supply", "local"), encoding="utf-8")
    (tmp_path / "local.txt").write_bytes(LONG.with_suffix(".txt").read_bytes())
    beside = command("basis", "try", draft, *data).stdout
    before, after = map(int, re.findall(r"发现 findings (\d+)", beside))
    assert before == total > after
    assert not (work / "basis").exists()


def test_batches_are_joined_and_the_report_says_what_changed(tmp_path: Path, command: Command) -> None:
    work, data = tmp_path / "work", tmp_path / "data"
    data.mkdir()
    header = "med_list_codg,drug_genname,drug_kind,dosform,inj_flag,units_per_pack,bas_medn_flag,hi_nego_drug_flag,"
    header += "vbp_selected_flag,chrgitm_lv,preg_contra_flag\n"
    (data / "drug.csv").write_text(header + "XA,甲片,11,片剂,0,10,1,0,0,01,0\n", encoding="utf-8")
    first = points(tmp_path / "one.csv", {}, {"kp_id": "KP2", "med_code": "XB"}, {"kp_id": "KP3", "decidable": "0", "sex": ""})
    said = command("basis", "load", first, "--data", data, "--work", work).stdout
    assert "KP3 某规则" in said
    report = json.loads((work / "basis" / "knowledge" / "report.json").read_text(encoding="utf-8"))
    assert report["new_points"] == ["KP1", "KP2", "KP3"]
    assert (report["catalogue_drugs"], report["codes_not_in_catalogue"], report["unmatched_points"]) == (1, 1, ["KP2"])
    gone = {"status": "superseded", "superseded_by": "KP4", "enddate": "2026-01-28"}
    second = points(tmp_path / "two.csv", gone, {"kp_id": "KP2", "med_code": "XB", "sex": "2"}, {"kp_id": "KP4", "sex": "女人"})
    command("basis", "load", second, "--data", data, "--work", work)
    report = json.loads((work / "basis" / "knowledge" / "report.json").read_text(encoding="utf-8"))
    assert (report["new_points"], report["superseded_points"]) == (["KP4"], ["KP1"])
    assert report["changed_points"] == {"KP2": ["sex"]}
    assert report["superseded_replaced"] == 1
    assert report["undecidable"] == ["KP3 某规则", "KP4 某规则: sex '女人'"]
    stands = (work / "basis" / "knowledge" / "knowledge_points.csv").read_bytes()
    assert "no" not in command("basis", "load", second, "--work", work).stdout.splitlines()[0]
    assert (work / "basis" / "knowledge" / "knowledge_points.csv").read_bytes() == stands
    assert len(list((work / "basis" / "knowledge" / "batches").iterdir())) == 2
    audit(work, command)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(None, 7, "no file"), (b"", 3, "empty"), (b"a,b\n1,2\n", 3, "lacks the column"), (b"\xff\x00\xfe", 3, "UTF-8")],
)
def test_a_bad_file_of_points_changes_nothing(
    tmp_path: Path, command: Command, content: bytes | None, code: int, said: str
) -> None:
    path = tmp_path / "points.csv"
    if content is not None:
        path.write_bytes(content)
    refused = command("basis", "load", path, "--work", tmp_path / "work", check=False)
    assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "work" / "basis").exists()


def test_an_agency_extends_or_replaces_a_table(tmp_path: Path, command: Command) -> None:
    work, path = tmp_path / "work", tmp_path / "mine.csv"
    path.write_text(
        "signed_by,class_id,atc_prefix,zh,en,source\n王药师,ppi,A02BC,质子泵,PPI,本地目录\n,glp1,A10BJ,GLP-1,GLP-1,本地目录\n",
        encoding="utf-8",
    )
    said = command("basis", "load", path, "--table", "knowledge_class", "--work", work).stdout
    tables = {t.name: t for t in load_rulebook(None, work / "basis" / "tables").knowledge}
    shipped = {t.name: t for t in load_rulebook().knowledge}
    extended, starter = tables["knowledge_class"], shipped["knowledge_class"]
    assert len(extended.rows) == len(starter.rows) + 1
    assert extended.signers == ("王药师",)
    assert f"Warning: {extended.unsigned} rows" in said
    assert load_rulebook(None, work / "basis" / "tables").version != load_rulebook().version
    command("basis", "load", path, "--table", "knowledge_class", "--replace", "--work", work)
    (replaced,) = [t for t in load_rulebook(None, work / "basis" / "tables").knowledge if t.name == "knowledge_class"]
    assert len(replaced.rows) == 2
    assert "王药师" in command("basis", "knowledge", "--work", work).stdout
    audit(work, command)


@pytest.mark.parametrize(
    ("table", "content", "code", "said"),
    [
        ("knowledge_none", "a\n1\n", 7, "no knowledge table"),
        ("knowledge_class", "class_id,atc_prefix\nx,A\n", 3, "lacks the column"),
        ("knowledge_class", "class_id,atc_prefix,zh,en,source,signed_by\nx,A,甲,a,,\n", 3, "no source"),
        ("knowledge_piece_max", "name,most_grams,source,signed_by\n川乌,many,药典,\n", 3, "most_grams 'many'"),
        ("knowledge_piece_max", "name,most_grams,source,signed_by\n川乌,-3,药典,\n", 3, "most_grams '-3'"),
        ("knowledge_class", "class_id,atc_prefix,zh,en,source,signed_by\nx,A%,甲,a,s,\n", 3, "atc_prefix 'A%'"),
        ("knowledge_class", "class_id,atc_prefix,zh,en,source,signed_by\nx,A,甲,a,s,\nx,A,乙,b,s,\n", 3, "keep one"),
    ],
)
def test_a_bad_table_changes_nothing(tmp_path: Path, command: Command, table: str, content: str, code: int, said: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(content, encoding="utf-8")
    refused = command("basis", "load", path, "--table", table, "--work", tmp_path / "work", check=False)
    assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr
    assert not (tmp_path / "work" / "basis").exists()


def test_upheld_counts_prescriptions_whose_verdict_names_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Workplace(tmp_path)
    folder = tmp_path / "2026Q2"
    folder.mkdir()
    (folder / "run.json").write_text("{}", encoding="utf-8")
    rows = [("rx-days", "天数", f"R{n}", "1-12", None) for n in (1, 1, 2, 3, 4, 5)] + [("trace", "码", None, None, "F38-5")]
    frame = pd.DataFrame(rows, columns=["rule_id", "rule_name", "rxno", "item_codes", "fund_codes"])
    frame.to_parquet(folder / "findings.parquet", index=False)
    # Upheld by code, judged worse for another reason, upheld without any code, reasonable; R5 is not judged.
    verdicts: Verdicts = {
        "R1": (1, codes_of("1-12 2-1")),
        "R2": (2, codes_of("2-7")),
        "R3": (1, frozenset()),
        "R4": (0, frozenset()),
    }
    monkeypatch.setattr(upheld, "store_verdicts", lambda _: verdicts)
    days, trace = upheld_of(place).to_dict("records")
    assert (days["findings"], days["prescriptions"], days["judged"], days["upheld"]) == (6, 5, 4, 2)
    assert (trace["findings"], trace["prescriptions"], trace["judged"]) == (1, 0, 0)
    assert days["rate_low90"] < days["upheld_rate"] == 0.5 < days["rate_high90"]
    assert count({"R2": frozenset()}, verdicts) == (1, 1)


def test_the_interval_is_wilsons() -> None:
    share, low, high = rate(8, 10)
    z = 1.6448536269514722
    centre, half = (0.8 + z * z / 20) / (1 + z * z / 10), z / (1 + z * z / 10) * (0.8 * 0.2 / 10 + z * z / 400) ** 0.5
    assert share == 0.8
    assert low == pytest.approx(centre - half)
    assert high == pytest.approx(centre + half)
    assert rate(0, 0) == (None, None, None)


def test_the_log_names_what_counts_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import basis_drafts, knowledge

    place, killed = Workplace(tmp_path / "work"), []

    def entries() -> list[str]:
        with sqlite3.connect(place.work / "panel.db") as store:
            return [action for (action,) in store.execute("SELECT action FROM audit ORDER BY 1")]

    def stopping(write: Callable[[Path, Any], object]) -> Callable[[Path, Any], None]:
        def stop(path: Path, content: Any) -> None:
            if path.parent in (place.basis / "rules", place.basis / "tables") or path.name == knowledge.POINTS:
                killed.append((path.name, entries()))
                raise KeyboardInterrupt
            write(path, content)

        return stop

    table = tmp_path / "mine.csv"
    table.write_text("class_id,atc_prefix,zh,en,source,signed_by\nx,A,甲,a,本地,\n", encoding="utf-8")
    batch = points(tmp_path / "one.csv", {})
    with monkeypatch.context() as patched:
        patched.setattr(basis_drafts, "write_bytes", stopping(basis_drafts.write_bytes))
        patched.setattr(knowledge, "write_text", stopping(knowledge.write_text))
        with pytest.raises(KeyboardInterrupt):
            basis_drafts.publish_rule(place, LONG, "王药师", "李主任")
        for name in (None, "knowledge_class"):
            with pytest.raises(KeyboardInterrupt):
                knowledge.load_knowledge(place, batch if name is None else table, None, name, replace=False)
    done = ["knowledge points loaded", "knowledge table loaded", "rule published"]
    assert [name for name, _ in killed] == [LONG.with_suffix(".txt").name, knowledge.POINTS, "knowledge_class.extend.csv"]
    assert [seen for _, seen in killed] == [done[2:], [done[0], done[2]], done]
    basis_drafts.publish_rule(place, LONG, "王药师", "李主任")
    assert len(load_rulebook(place.basis / "rules").overrides) == 1


def test_a_column_that_nobody_knows_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.knowledge import load_knowledge

    path, place = tmp_path / "odd.csv", Workplace(tmp_path / "work")
    given = {**POINT, "drug_name": "甲", "age_max_day": "30"}
    path.write_text(f"{','.join(given)}\n{','.join(given.values())}\n", encoding="utf-8")
    load_knowledge(place, path, None, None, replace=False)
    report = json.loads((place.basis / "knowledge" / "report.json").read_text(encoding="utf-8"))
    assert report["columns_not_used"] == ["age_max_day"]
    assert "not used: age_max_day" in capsys.readouterr().out
