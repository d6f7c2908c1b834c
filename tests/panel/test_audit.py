"""Whatever is changed behind the program's back is found."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from panel import audit, leads
from panel.accounts import actor_of, create_account, sign_in
from panel.backup import back_up, restore
from panel.demo import demo_accounts, mark_demo
from panel.exchange import import_verdicts
from panel.store import Store, open_store
from records.errors import NotPermitted, VerificationFailed, WrongUse

TAMPER = {
    "an edited entry": "UPDATE audit SET actor = 'somebody' WHERE seq = 2",
    "a deleted entry": "DELETE FROM audit WHERE seq = 2",
    "swapped entries": "UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 END WHERE seq IN (2, 3);"
    "UPDATE audit SET seq = -seq WHERE seq < 0",
    "an edited verdict": "UPDATE verdict SET verdict_class = '0' WHERE verdict_class = '2'",
    "a deleted verdict": "DELETE FROM verdict WHERE rxno = 'R0'",
    "an edited case": "UPDATE review_case SET payload = '{}' WHERE rxno = 'R1'",
    "an edited state": "UPDATE review_case SET state = 'closed' WHERE rxno = 'R1'",
    "an edited probability": "UPDATE sample SET incl_prob = 0.9 WHERE rxno = 'R1'",
    "a deleted sample row": "DELETE FROM sample WHERE rxno = 'R1'",
    "an edited expert": "UPDATE expert SET institution = '' WHERE expert_id = 'E2'",
    "an edited assignment": "UPDATE assignment SET state = 'done'",
    "an edited lead": "UPDATE lead SET state = 'established'",
    "an added outcome": "INSERT INTO outcome VALUES ('x', 'person', 'P1', '2026-01-01', '2026-03-31', 1, NULL, NULL, NULL)",
}


@pytest.fixture
def full(opened: Store, tmp_path: Path) -> Store:
    """A store with verdicts and a lead."""
    path = tmp_path / "v.csv"
    path.write_text("rxno,expert_id,verdict_class,item_codes\nR0,X1,2,2-5\nR0,X2,2,2-5\nR1,X1,0,\n", encoding="utf-8")
    import_verdicts(opened, path, "test")
    flagged = pd.DataFrame({"subject_type": ["person"], "subject_code": ["P1"], "source": ["{}"]})
    assert leads.open_leads(opened, "2026Q3", flagged) == 1
    assert leads.open_leads(opened, "2026Q3", flagged) == 0
    assert audit.verify(opened).faults == []
    return opened


@pytest.mark.parametrize("what", list(TAMPER))
def test_tampering_is_found(full: Store, what: str) -> None:
    with full.engine.begin() as connection:
        for statement in TAMPER[what].split(";"):
            connection.exec_driver_sql(statement)
    assert audit.verify(full).faults, what


def test_deleting_the_newest_entries_is_found_against_a_published_head(full: Store) -> None:
    head = audit.head(full)
    with full.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM audit WHERE seq = {head['seq']}")
        connection.exec_driver_sql("DELETE FROM lead")
    assert audit.verify(full).faults == []
    assert audit.verify(full, head).faults


def test_a_backup_comes_back_whole_and_a_changed_one_is_refused(full: Store, tmp_path: Path) -> None:
    back_up(full, tmp_path / "b.zip")
    with pytest.raises(WrongUse, match="holds data"):
        restore(full, tmp_path / "b.zip")
    with open_store(f"sqlite:///{tmp_path / 'other.db'}") as other:
        restore(other, tmp_path / "b.zip")
        assert audit.head(other) == audit.head(full)
        assert audit.verify(other).faults == []
    import zipfile

    with zipfile.ZipFile(tmp_path / "b.zip") as source, zipfile.ZipFile(tmp_path / "c.zip", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"X1", b"X9") if name == "verdict.jsonl" else source.read(name))
    with open_store(f"sqlite:///{tmp_path / 'third.db'}") as third, pytest.raises(VerificationFailed):
        restore(third, tmp_path / "c.zip")


def test_outcomes_of_leads_become_labels_once(full: Store, tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text(
        "lead_id,begndate,enddate,fraud_flag,fund_codes,loss_amt\n2026Q3-L00001,2026-07-01,2026-09-30,1,P41-3,12.50\n"
        "nobody,2026-07-01,2026-09-30,1,,\n2026Q3-L00001,2026-09-30,2026-07-01,1,,\n",
        encoding="utf-8",
    )
    report = leads.import_outcomes(full, path, "test")
    assert (report.added, len(report.rejected)) == (1, 2)
    assert leads.import_outcomes(full, path, "test").known == 1
    (row,) = leads.outcomes(full).to_dict("records")
    assert (row["subject_code"], row["fraud_flag"], row["loss_amt"]) == ("P1", 1, "12.50")
    assert leads.list_leads(full).state.tolist() == ["established"]
    assert audit.verify(full).faults == []


def test_accounts_lock_and_tokens_are_kept_as_hashes(store: Store) -> None:
    create_account(store, "ann", "a good password", ["expert"])
    signed = sign_in(store, "ann", "a good password")
    assert signed.must_change
    assert actor_of(store, signed.token) is not None
    assert actor_of(store, "another") is None
    with store.read() as connection:
        text = str(connection.exec_driver_sql("SELECT * FROM session").all()) + str(
            connection.exec_driver_sql("SELECT * FROM account").all()
        )
    assert signed.token not in text
    assert "a good password" not in text
    for _ in range(5):
        with pytest.raises(NotPermitted, match="not right"):
            sign_in(store, "ann", "wrong")
    with pytest.raises(NotPermitted, match="locked"):
        sign_in(store, "ann", "a good password")
    with pytest.raises(WrongUse, match="10 characters"):
        create_account(store, "bob", "short", ["expert"])


def test_demo_accounts_are_made_in_a_demo_store_only(store: Store) -> None:
    with pytest.raises(NotPermitted):
        demo_accounts(store, [])
    mark_demo(store)
    made = demo_accounts(store, [])
    assert len(made) == 8
    assert not sign_in(store, "supervisor", "demo-supervisor").must_change
