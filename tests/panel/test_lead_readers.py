"""Who reads what of a lead: officers and supervisors the clue's text, nobody a person's number without a reason."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from panel import audit, leads
from panel.schema import audit as log
from panel.store import Store
from panel.tables import permissions
from records.errors import NotFound, NotPermitted, WrongUse
from tests.panel.test_leads import QUARTER, Acting, flagged, officer


def test_a_clue_is_read_by_the_lead_s_officers_and_the_supervisor_and_never_with_its_reporter(
    acting: Acting, opened: Store, officers: list[str]
) -> None:
    agency, supervisor = acting("agency_reviewer"), acting("supervisor")
    lead_id = agency.receive_clue(QUARTER, ("person", "P1"), "持多卡刷卡", channel="phone", reporter_is="李四")
    agency.receive_clue(QUARTER, ("person", "P1"), "又一次举报", reporter_is="王五")
    agency.receive_clue(QUARTER, ("person", "P2"), "别的事")
    supervisor.assign_lead(lead_id, officers)
    for reader in (supervisor, officer(opened, "ann"), officer(opened, "bob")):
        rows = reader.clue_texts(lead_id)
        assert {(row["channel"], row["text"]) for row in rows} == {("phone", "持多卡刷卡"), ("other", "又一次举报")}
        assert all(set(row) == {"received", "channel", "text"} for row in rows)
        newest = acting("auditor").audit_log(limit=1)[0]
        assert (newest["action"], newest["subject"], newest["actor"]) == ("clue read", lead_id, reader.actor.account)
        assert "持多卡" not in str(newest)
    for other in (officer(opened, "eve"), agency):
        with pytest.raises(NotPermitted):
            other.clue_texts(lead_id)
        newest = acting("auditor").audit_log(limit=1)[0]
        assert (newest["action"], newest["actor"]) == ("refused", other.actor.account)
    # Each of the two has its number on the lead, by which its reporter's seal is opened.
    found = re.findall(r"clue ([0-9a-f]{12})", next(row for row in supervisor.leads() if row["lead_id"] == lead_id)["pointer"])
    assert {supervisor.reporter_of(number, "依法核实") for number in found} == {"李四", "王五"}
    with pytest.raises(NotFound):
        supervisor.clue_texts("none")
    assert audit.verify(opened).faults == []


def test_an_officer_is_replaced_while_the_lead_is_checked(acting: Acting, opened: Store, officers: list[str]) -> None:
    supervisor = acting("supervisor")
    lead_id = acting("agency_reviewer").receive_clue(QUARTER, ("person", "P1"), "举报")
    supervisor.assign_lead(lead_id, officers)
    due = supervisor.leads()[0]["due_date"]
    assert not officer(opened, "ann").report_lead(lead_id, "看过")
    with pytest.raises(WrongUse, match="already"):
        supervisor.assign_lead(lead_id, ["bob", "ann"])
    with pytest.raises(WrongUse, match="Two different"):
        supervisor.assign_lead(lead_id, ["bob", "max"])
    supervisor.assign_lead(lead_id, ["bob", "eve"])
    change = audit.first_change(opened, "officers replaced", lead_id)
    assert (change["from"], change["to"]) == (["ann", "bob"], ["bob", "eve"])
    (row,) = supervisor.leads()
    assert (row["officers"], row["state"], row["due_date"]) == ("bob eve", "assigned", due)
    with pytest.raises(NotPermitted, match="no officer"):
        officer(opened, "ann").report_lead(lead_id, "仍想签")
    assert not officer(opened, "bob").report_lead(lead_id, "同意")
    assert officer(opened, "eve").report_lead(lead_id, "同意")
    assert supervisor.leads()[0]["state"] == "checked"
    with pytest.raises(WrongUse):
        supervisor.assign_lead(lead_id, officers)
    assert audit.verify(opened).faults == []


def test_a_lead_s_person_is_masked_for_everybody_until_opened_with_a_reason_that_is_logged(
    acting: Acting, opened: Store, officers: list[str]
) -> None:
    supervisor = acting("supervisor")
    lead_id = acting("agency_reviewer").receive_clue(QUARTER, ("person", "P123456"), "举报")
    supervisor.assign_lead(lead_id, officers)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE net_line (psn_no VARCHAR, bilg_dr_codg VARCHAR, fixmedins_code VARCHAR, setl_id VARCHAR,"
                    " net_amt DECIMAL(12,2), fee_ocur_time TIMESTAMP)")  # fmt: skip
        for reader in (supervisor, officer(opened, "ann"), officer(opened, "eve")):
            seen = str(reader.leads()) + str(reader.lead_notes(lead_id)) + str(reader.lead_picture(lead_id, con))
            assert "P123456" not in seen
            assert "＊＊＊3456" in seen
    with pytest.raises(WrongUse, match="needs to be written"):
        supervisor.unmask_lead(lead_id, " ")
    for reader in (supervisor, officer(opened, "ann"), officer(opened, "bob")):
        assert reader.unmask_lead(lead_id, "核对参保信息") == ["P123456"]
        newest = acting("auditor").audit_log(limit=1)[0]
        assert (newest["action"], newest["subject"], newest["actor"]) == ("unmasked lead", lead_id, reader.actor.account)
    assert audit.first_change(opened, "unmasked lead", lead_id) == {"reason": "核对参保信息"}
    for other in (officer(opened, "eve"), acting("agency_reviewer"), acting("auditor")):
        with pytest.raises(NotPermitted):
            other.unmask_lead(lead_id, "好奇")
        assert acting("auditor").audit_log(limit=1)[0]["action"] == "refused"
    source = '{"members": ["P1", "P2"]}'
    leads.open_leads(opened, QUARTER, flagged(("group", "G1", source, "model", None)))
    group = next(row["lead_id"] for row in supervisor.leads() if row["subject_type"] == "group")
    assert supervisor.unmask_lead(group, "核对成员") == ["P1", "P2"]


def test_exported_leads_are_masked_unless_a_reason_is_given_by_who_may_unmask(
    acting: Acting, opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads.open_leads(
        opened, QUARTER, flagged(("person", "P123456", "{}", "model", None), ("pharmacy", "Y1", "{}", "rule", None))
    )
    supervisor, path = acting("supervisor"), tmp_path / "leads.csv"

    def codes() -> set[str]:
        return {row["subject_code"] for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}

    supervisor.export_leads(QUARTER, path, "稽核科")
    assert codes() == {"＊＊＊3456", "Y1"}
    assert "unmasked" not in audit.first_change(opened, "leads exported", QUARTER)
    with pytest.raises(WrongUse, match="needs to be written"):
        supervisor.export_leads(QUARTER, path, "稽核科", " ")
    acting("investigator").export_leads(QUARTER, path, "稽核科", "入户核查")
    assert codes() == {"P123456", "Y1"}
    with opened.read() as connection:
        newest = connection.execute(select(log.c.change).order_by(log.c.seq.desc()).limit(1)).scalar_one()
    assert '"unmasked":"入户核查"' in newest
    monkeypatch.setitem(permissions(), "unmask_identity", frozenset())
    with pytest.raises(NotPermitted):
        supervisor.export_leads(QUARTER, path, "稽核科", "入户核查")
