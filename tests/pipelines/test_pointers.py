"""What opens a lead: persons who settle together are a group, a pharmacy is told from an institution, two are no group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from basis.find import find
from basis.rulebook import Rulebook, load_rulebook
from panel.leads import UNPROVEN, open_leads, pointer_text
from panel.rules import panel_rules
from panel.store import open_store
from pipelines.pointers import pointed
from records.periods import Quarter
from review_app import presenting
from tests.basis import drawn

QUARTER = "2026Q3"
#: Who settles when on each of four days, and where: P1 meets P2 and P2 meets P3, within ten minutes, P1 and P3 do not.
VISITS = [("P1", "08:00", "H1"), ("P2", "08:09", "H1"), ("P3", "08:18", "H1"), ("P4", "08:00", "PH1"), ("P5", "08:05", "PH1")]


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Any]:
    rows = [
        {"rx": f"{person}{day}", "person": person, "day": f"07-{day:02d}", "time": time, "place": place}
        for day in (1, 8, 15, 22) for person, time, place in VISITS
    ]  # fmt: skip
    con, snapshot = drawn.open_scenario(drawn.Scenario("", {"rx": rows}, []), tmp_path)
    find(con, snapshot, Rulebook((load_rulebook().rule("person-covisit"),)))
    for grain, key, query in (
        ("person", "psn_no", "SELECT DISTINCT psn_no FROM person"),
        ("practitioner", "dr_codg", "SELECT 'D1' AS dr_codg"),
        ("institution", "fixmedins_code", "SELECT DISTINCT fixmedins_code FROM institution"),
    ):
        con.execute(f"CREATE OR REPLACE TABLE features_{grain} AS {query} ORDER BY {key}")
    yield SimpleNamespace(con=con, quarter=Quarter.parse(QUARTER))
    con.close()


def scores(**flagged: str) -> dict[str, pd.DataFrame]:
    keys = {"person": "psn_no", "practitioner": "dr_codg", "institution": "fixmedins_code"}
    return {
        grain: pd.DataFrame({key: [flagged.get(grain, "none")], "flagged": [grain in flagged], "target": "fraud", "rank": 1,
                             "model_version": "abc", "label_source": "x"})
        for grain, key in keys.items()
    }  # fmt: skip


def test_a_finding_names_with_whom(tables: Any) -> None:
    found = tables.con.execute("SELECT subject_code, vola_evid FROM findings ORDER BY 1").fetchall()
    told = {person: (json.loads(evidence)["persons"], json.loads(evidence)["others"]) for person, evidence in found}
    assert told == {"P1": ("P2", 1), "P2": ("P1 P3", 2), "P3": ("P2", 1), "P4": ("P5", 1), "P5": ("P4", 1)}
    assert not any("P" in json.loads(evidence)[words] for _, evidence in found for words in ("zh", "en"))


def test_three_who_settle_together_are_a_group_and_two_are_not(tables: Any, tmp_path: Path) -> None:
    leads = pointed(tables, scores(), panel_rules(), "seed")
    (group,) = leads[leads["subject_type"] == "group"].to_dict("records")
    assert json.loads(group["source"]) == {"members": ["P1", "P2", "P3"], "rules": ["多人结伴结算"]}
    assert group["origin"] == "rule"
    assert {code for kind, code in leads[["subject_type", "subject_code"]].values if kind == "person"} == {
        f"P{n}" for n in range(1, 6)
    }
    again = pointed(tables, scores(), panel_rules(), "other seed")
    assert group["subject_code"] in set(again["subject_code"])
    with open_store(f"sqlite:///{tmp_path / 'panel.db'}") as store:
        assert open_leads(store, QUARTER, leads) == len(leads)
        assert open_leads(store, QUARTER, leads) == 0


def test_a_lead_says_when_its_model_was_not_shown_to_be_worth_anything(tables: Any) -> None:
    for unproven in (frozenset({"abc"}), frozenset({"other"})):
        leads = pointed(tables, scores(institution="H1"), panel_rules(), "seed", unproven)
        (lead,) = leads[leads["origin"] == "model"].to_dict("records")
        assert (UNPROVEN in pointer_text(lead["origin"], lead["source"])) is ("abc" in unproven)
    assert (
        presenting.pointer(f"模型提示 pointed at by a model；{UNPROVEN}", "zh")
        == "模型提示；该模型未证实优于单一指标，仅供参考"
    )


def test_a_finding_without_suspected_misuse_makes_no_group(tables: Any) -> None:
    tables.con.execute("UPDATE findings SET fund_codes = 'F38-1a'")
    assert "group" not in set(pointed(tables, scores(), panel_rules(), "seed")["subject_type"])


def test_a_pharmacy_s_lead_is_a_pharmacy_s_whatever_points_at_it(tables: Any, tmp_path: Path) -> None:
    flagged = pointed(tables, scores(institution="PH1"), panel_rules(), "seed")
    assert ("pharmacy", "PH1") in set(flagged[["subject_type", "subject_code"]].itertuples(index=False, name=None))
    assert "PH1" not in set(flagged.loc[flagged["subject_type"] == "institution", "subject_code"])
    checked = pointed(tables, scores(), panel_rules({"checks_institution": 50}), "seed").query("origin == 'check'")
    assert {("pharmacy", "PH1"), ("institution", "H1")} <= set(
        checked[["subject_type", "subject_code"]].itertuples(index=False, name=None)
    )
    # A quarter whose lead of it stands among the institutions' gets no second one.
    with open_store(f"sqlite:///{tmp_path / 'panel.db'}") as store:
        older = flagged.assign(subject_type=flagged["subject_type"].replace("pharmacy", "institution"))
        open_leads(store, QUARTER, older)
        assert open_leads(store, QUARTER, flagged) == 0
