"""Outcomes have a day of their own, before which no label knows them; and a chance where a random check drew the subject."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from models.specs import load_specs
from panel import audit, leads, outcomes
from panel.schema_leads import lead, outcome
from panel.service import PanelService
from panel.store import Store
from records.periods import Quarter

Acting = Callable[..., PanelService]
QUARTER = "2026Q2"
AS_OF = datetime(2026, 10, 1)


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def to(text: str) -> None:
        monkeypatch.setattr(outcomes, "today", lambda: text)

    to("2026-09-30")
    return to


def transferred(store: Store, *rows: tuple[str, str, str, float | None]) -> list[str]:
    """Leads by type, code, origin and inclusion probability that an authority has; their numbers."""
    flagged = [{"subject_type": k, "subject_code": c, "source": "{}", "origin": o, "incl_prob": p} for k, c, o, p in rows]
    leads.open_leads(store, QUARTER, pd.DataFrame(flagged))
    with store.engine.begin() as connection:
        connection.execute(update(lead).values(state="transferred"))
        found = {row.subject_code: row.lead_id for row in connection.execute(select(lead))}
    return [found[code] for _, code, _, _ in rows]


def test_an_outcome_is_known_from_the_day_it_was_recorded_on(acting: Acting, opened: Store, day: Callable[[str], None]) -> None:
    early, late = transferred(opened, ("person", "P1", "model", None), ("person", "P2", "model", None))
    supervisor = acting("supervisor")
    supervisor.conclude_lead(early, True, "决定书")
    day("2026-10-01")
    supervisor.conclude_lead(late, True, "决定书")
    assert len(leads.outcomes(opened)) == 2
    assert leads.outcomes(opened, AS_OF)["subject_code"].tolist() == ["P1"]
    assert "recorded_on" not in leads.outcomes(opened)
    assert set(leads.investigations(opened)["recorded_on"]) == {"2026-09-30", "2026-10-01"}


def test_labels_of_the_store_know_no_outcome_recorded_after_the_as_of(
    acting: Acting, opened: Store, day: Callable[[str], None]
) -> None:
    from pipelines import labelled

    early, late = transferred(opened, ("person", "P1", "model", None), ("person", "P2", "model", None))
    acting("supervisor").conclude_lead(early, True, "决定书")
    day("2026-10-01")
    acting("supervisor").conclude_lead(late, True, "决定书")
    quarter = Quarter.parse("2026Q3")
    data: Any = SimpleNamespace(quarter=quarter, available=lambda: [Quarter.parse(QUARTER), quarter])
    spec = load_specs()["fraud@person"]
    url = opened.engine.url.render_as_string(hide_password=False)
    made = labelled.labels_of_store(data, spec, url.replace("postgresql+psycopg", "postgresql"))
    assert made.frame["key"].tolist() == ["P1"]


def test_an_imported_outcome_is_known_from_the_day_its_file_says_or_from_today(
    opened: Store, day: Callable[[str], None], tmp_path: Path
) -> None:
    head = "subject_type,subject_code,begndate,enddate,fraud_flag,recorded_on\n"
    rows = [f"person,P{n},2026-04-01,2026-06-30,1,{told}\n" for n, told in enumerate(("2026-08-01", "", "2026-10-09", "x"))]
    (tmp_path / "o.csv").write_text(head + "".join(rows), encoding="utf-8")
    report = leads.import_outcomes(opened, tmp_path / "o.csv", "test")
    assert (report.added, [row for row, _, _ in report.rejected]) == (2, [4, 5])
    assert "lies in the future" in report.rejected[0][2]
    found = leads.investigations(opened).set_index("subject_code")["recorded_on"].to_dict()
    assert found == {"P0": "2026-08-01", "P1": "2026-09-30"}
    day("2026-12-01")
    (tmp_path / "o.csv").write_text(head.replace(",recorded_on", "") + rows[1].replace(",1,", ",1"), encoding="utf-8")
    assert leads.import_outcomes(opened, tmp_path / "o.csv", "test").known == 1
    assert leads.investigations(opened).set_index("subject_code")["recorded_on"].to_dict() == found
    assert audit.verify(opened).faults == []


def test_what_a_random_check_drew_has_its_chance_and_what_was_pointed_at_is_certain(acting: Acting, opened: Store) -> None:
    rows = (("person", "P1", "check", 0.01), ("person", "P2", "model", None), ("pharmacy", "Y1", "clue", None))
    for number in transferred(opened, *rows):
        acting("supervisor").conclude_lead(number, False, "不成立")
    with opened.change() as connection:
        row = outcomes.outcome_row(("person", "P9"), ("2026-04-01", "2026-06-30"), 1, ([], None), None)
        outcomes.add_outcomes(connection, "test", "outcomes imported", [row])
    found = leads.investigations(opened).set_index("subject_code")
    assert found["random"].to_dict() == {"P1": True, "P2": False, "Y1": False, "P9": False}
    chances = found["incl_prob"]
    assert (chances["P1"], chances["P2"], chances["Y1"]) == (0.01, 1.0, 1.0)
    assert pd.isna(chances["P9"])


def test_a_row_whose_day_nobody_knows_is_before_nothing(opened: Store) -> None:
    with opened.change() as connection:
        row = outcomes.outcome_row(("person", "P9"), ("2026-04-01", "2026-06-30"), 1, ([], None), None)
        outcomes.add_outcomes(connection, "test", "outcomes imported", [row])
        connection.execute(update(outcome).values(recorded_on=None))
    assert len(leads.outcomes(opened)) == 1
    assert leads.outcomes(opened, datetime(2099, 1, 1)).empty


def test_an_imported_outcome_of_a_group_is_one_of_each_member_and_the_loss_stands_once(opened: Store, tmp_path: Path) -> None:
    source = '{"members": ["P1", "P2", "P3"], "rules": ["多人结伴结算"]}'
    rows = {"subject_type": ["group", "person"], "subject_code": ["G1", "P1"], "source": [source, "{}"], "origin": ["rule"] * 2}
    leads.open_leads(opened, QUARTER, pd.DataFrame(rows))
    number = leads.list_leads(opened).set_index("subject_code").lead_id["G1"]
    (tmp_path / "o.csv").write_text(
        f"lead_id,begndate,enddate,fraud_flag,fund_codes,loss_amt\n{number},2026-04-01,2026-06-30,1,P41-4,90\n", "utf-8"
    )
    for added, known in ((1, 0), (0, 1)):
        report = leads.import_outcomes(opened, tmp_path / "o.csv", "test")
        assert (report.read, report.added, report.known, report.rejected) == (1, added, known, [])
    found = leads.outcomes(opened).sort_values("subject_code")
    assert found["subject_code"].tolist() == ["P1", "P2", "P3"]
    assert set(found["subject_type"]) == {"person"}
    assert found["loss_amt"].dropna().tolist() == ["90.00"]
    states = leads.list_leads(opened).set_index("subject_code").state.to_dict()
    assert states == {"G1": "established", "P1": "opened"}
    assert audit.verify(opened).faults == []
