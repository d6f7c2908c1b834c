"""Great Expectations suites: what fails, what blocks, and the way from a failed expectation to the rows."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from expectations import document
from expectations.suites import Suite, load_suites

City = Any
REASON = {"zh": "须为居民", "en": "residents only", "owner": "agency"}


def two_quarters(city: City) -> City:
    """The first half of the visits a quarter earlier."""
    half = len(city.tables["settlement"]) // 2
    early = {row["mdtrt_id"] for row in city.tables["settlement"][:half]}
    times = {"settlement": ("begndate", "enddate", "setl_time"), "fee_line": ("fee_ocur_time",)}
    times["prescription"] = ("prsc_time", "phar_chk_time")
    for table, columns in times.items():
        for row in city.tables[table]:
            if row["mdtrt_id"] in early:
                row.update({name: row[name].replace("2026-08", "2026-05") for name in columns})
    return city


def failed(result: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(entry["suite"], entry["column"]): entry for entry in result.suites if not entry["success"]}


def csv_rows(out: Path, page: str) -> list[dict[str, str]]:
    with (out / page).with_suffix(".csv").open(encoding="utf-8", newline="") as content:
        return list(csv.DictReader(content))


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def test_a_share_beyond_its_limit_leads_to_its_rows(gate: Any, make_city: Any) -> None:
    city = make_city(60)
    for n in range(1, 40):
        city.row("prescription", f"R{n:03d}").update(prsc_time="2026-08-15 00:00:00")
    checked = gate(city, whole=True)
    entry = failed(checked.result)["prescription", "at_midnight"]
    assert (entry["failed"], entry["of"], entry["blocks"]) == (1, 1, False)
    rows = csv_rows(checked.out, entry["page"])
    assert [row["rxno"] for row in rows] == [f"R{n:03d}" for n in range(1, 40)]
    assert {row["month"] for row in rows} == {"2026-08"}
    # From the report, and from the Data Docs, one gets to that page.
    assert entry["page"] in Links((checked.out / "gate_report.html").read_text(encoding="utf-8")).found
    pages = [p for p in checked.out.glob("data_docs/**/*.html") if "prescription" in "/".join(p.parts[-4:])]
    reached = [(p.parent / link).resolve() for p in pages for link in Links(p.read_text(encoding="utf-8")).found]
    assert (checked.out / entry["page"]).resolve() in reached


def test_a_clean_folder_fails_nothing_but_what_it_is_too_small_for(gate: Any, make_city: Any) -> None:
    result = gate(two_quarters(make_city(110)), whole=True).result
    assert set(failed(result)) == {("quarter", "prescribers")}
    assert {entry["suite"] for entry in result.suites} >= {"null_rates", "code_mix", "distributions", "institution_volume"}


def test_a_quarter_unlike_the_earlier_ones_is_noticed(gate: Any, make_city: Any) -> None:
    city = two_quarters(make_city(120))
    for n in range(61, 121):
        k = f"{n:03d}"
        city.row("prescription", f"R{k}").update(psn_wt=None)
        city.row("fee_line", f"F{k}A").update(pric="22", det_item_fee_sumamt="44")
        city.row("settlement", f"S{k}").update(mdtrt_cert_type="03", medfee_sumamt="54")
    found = failed(gate(city, whole=True).result)
    assert found["null_rates", "rise"]["failed"] == 1
    assert found["code_mix", "change"]["failed"] == 2
    assert ("distributions", "stability") in found


def test_an_institution_with_a_third_of_its_traffic_is_noticed(gate: Any, make_city: Any) -> None:
    city = two_quarters(make_city(110))
    for table in ("fee_line", "drug_trace"):
        city.tables[table] = [row for row in city.tables[table] if row["feedetl_sn"][1:4] <= "065"]
    city.tables["settlement"] = city.tables["settlement"][:65]
    checked = gate(city, whole=True)
    entry = failed(checked.result)["institution_volume", "ratio"]
    rows = csv_rows(checked.out, entry["page"])
    assert {row["fixmedins_code"] for row in rows} == {"H53030200001"}
    assert [row["setl_id"] for row in rows] == [f"S{n:03d}" for n in range(56, 66)]


def control(city: City, folder: Path, *lines: str) -> Path:
    city.write(folder)
    (folder / "control_totals.csv").write_text("\n".join(["table,fixmedins_code,measure,value", *lines]), encoding="utf-8-sig")
    return folder


def test_control_totals_reconcile_to_the_fen(city: City, run_check: Any, tmp_path: Path) -> None:
    lines = [
        "settlement,H53030200001,rows,6",
        "settlement,,medfee_sumamt,192.00",
        "fee_line,H53030200001,det_item_fee_sumamt,192",
    ]
    city.tables["settlement"].append(dict(city.tables["settlement"][0]))
    result = run_check(control(city, tmp_path / "data", *lines), tmp_path / "out", whole=True).result
    held = [entry for entry in result.suites if entry["suite"] == "control_totals"]
    assert [(entry["column"], entry["success"], entry["of"]) for entry in held] == [
        ("share_off", True, 3), ("difference", True, 3), ("read", True, 3),
    ]  # fmt: skip
    assert result.blocking == []


def test_what_was_quarantined_explains_the_difference(city: City, run_check: Any, tmp_path: Path) -> None:
    city.row("settlement", "S003")["insutype"] = None
    folder = control(city, tmp_path / "data", "settlement,H53030200001,medfee_sumamt,192")
    checked = run_check(folder, tmp_path / "out", whole=True)
    assert checked.result.blocking == []
    entry = failed(checked.result)["control_totals", "difference"]
    rows = csv_rows(checked.out, entry["page"])
    assert [(row["setl_id"], row["medfee_sumamt"]) for row in rows] == [("S003", "32.00")]
    assert "[insutype]" in rows[0]["fault"]
    with (checked.out / entry["page"]).with_suffix(".csv").open(encoding="utf-8", newline="") as content:
        header = next(csv.reader(content))
    assert len(set(header)) == len(header)


@pytest.mark.parametrize("line", ["settlement,,rows,7", "fee_line,H53030200001,det_item_fee_sumamt,192.50"])
def test_an_extract_that_lacks_rows_blocks(city: City, run_check: Any, tmp_path: Path, line: str) -> None:
    result = run_check(control(city, tmp_path / "data", line), tmp_path / "out", whole=True).result
    assert len(result.blocking) == 1
    assert "control total" in result.blocking[0]


def test_a_total_that_cannot_be_compared_is_said(city: City, run_check: Any, tmp_path: Path) -> None:
    lines = ("settlement,,shoe_size,7", "nothing,,rows,1", "settlement,,rows,many", "settlement,,rows,1E+999999999")
    result = run_check(control(city, tmp_path / "data", *lines), tmp_path / "out", whole=True).result
    assert failed(result)["control_totals", "read"]["observed"] == "4/4"
    assert result.blocking == []


def test_a_blocking_expectation_blocks(gate: Any, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {"type": "expect_column_values_to_be_between", "column": "n", "max_value": 3, "severity": "blocking", **REASON}
    sql = "SELECT insutype, count(*) AS n FROM accepted.settlement GROUP BY 1"
    suite = Suite("insured", "settlement", (expected,), key=("insutype",), sql=sql, rows="t.insutype = $insutype")
    monkeypatch.setattr("expectations.suites.load_suites", lambda: (suite,))
    checked = gate(city, whole=True)
    assert checked.result.blocking == ["insured: residents only (1 of 1 do not hold): check the extract."]
    assert len(csv_rows(checked.out, checked.result.suites[0]["page"])) == 6


def test_pages_of_failures_ask_no_other_machine_and_run_no_data(gate: Any, make_city: Any) -> None:
    city, evil = make_city(60), "=1<script>x</script>"
    for n in range(1, 50):
        city.row("settlement", f"S{n:03d}").update(insutype="391", setl_id=f"{evil}{n}")
    city.tables["fee_line"] = [row for row in city.tables["fee_line"] if row["setl_id"] > "S049"]
    checked = gate(city, whole=True)
    entry = failed(checked.result)["settlement", "other_insurance"]
    page = (checked.out / entry["page"]).read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)
    assert all(row["setl_id"].startswith("'=1<") for row in csv_rows(checked.out, entry["page"]))


def test_every_expectation_has_its_reason_owner_and_own_page() -> None:
    for suite in load_suites():
        columns = [entry["column"] for entry in suite.expectation]
        assert suite.expectation
        assert len(set(columns)) == len(columns), suite.name
        for entry in suite.expectation:
            assert entry["zh"]
            assert entry["en"]
            assert entry["owner"] in ("agency", "data engineer", "pharmacist")


def test_the_page_of_the_gate_is_current() -> None:
    assert document.PAGE.read_text(encoding="utf-8") == document.page()
