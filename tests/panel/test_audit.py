"""Whatever is changed behind the program's back is found: every logged table, edited, deleted from, added to, re-ordered."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Boolean, Float, Integer, LargeBinary, Table, insert, select, update

from panel import audit, leads, schema_work
from panel.accounts import create_account, sign_in
from panel.backup import back_up, restore
from panel.cases import open_cases
from panel.exchange import import_verdicts
from panel.schema import audit as log
from panel.schema import draft, metadata
from panel.service import PanelService
from panel.store import Store, open_store
from panel.verdict_input import VerdictInput
from panel.working_days import keep_calendar
from records.errors import VerificationFailed, WrongUse

Acting = Callable[..., PanelService]
#: The smallest PNG: one grey point.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000008200817734d172"
    "0000000049454e44ae426082"
)


@pytest.fixture
def full(opened: Store, acting: Acting, tmp_path: Path) -> Store:
    """A store with two rows or more in every logged table."""
    path = tmp_path / "v.csv"
    path.write_text("rxno,expert_id,verdict_class,item_codes\nR0,X1,2,2-5\nR0,X2,2,2-5\nR1,X1,0,\nR1,X2,0,\n", encoding="utf-8")
    import_verdicts(opened, path, "test")
    with opened.change() as connection:
        keep_calendar(connection, {"2026-10-01": 0, "2026-10-10": 1})
    for name in ("ann", "bob"):
        create_account(opened, name, "a good password", ["investigator"])
        sign_in(opened, name, "a good password")
    for number in ("E3", "E4"):
        acting("administrator").set_absence(number, "2030-01-01", "2030-01-05", "休假")
    supervisor, agency = acting("supervisor"), acting("agency_reviewer")
    assert supervisor.notify_quarter("2026Q3") == 2
    for case_id in ("2026Q3-00001", "2026Q3-00002"):
        agency.record_appeal(case_id, "异议")
        agency.attach(case_id, "病历.png", PNG)
        acting("adjudicator").request_record(case_id, "住院病历")
    for number, case_id in enumerate(("2026Q3-00001", "2026Q3-00002")):
        acting("adjudicator").re_review(case_id, VerdictInput("0"), "复核", f"r{number}")
        acting("adjudicator").set_gold(case_id, VerdictInput("2", ("2-5",)), "专家一致")
    _meetings(opened, acting)
    for code in ("P1", "P2"):
        lead_id = agency.receive_clue("2026Q3", ("person", code), "举报内容", reporter_is="张某")
        supervisor.assign_lead(lead_id, ["ann", "bob"])
        for name in ("ann", "bob"):
            panel = acting("investigator")
            panel.actor = type(panel.actor)(name, name, frozenset({"investigator"}), None)
            panel.report_lead(lead_id, "已核查")
        supervisor.decide_lead(lead_id, "cleared", "未见异常")
    drawn, shown = acting.few(2)  # type: ignore[attr-defined]
    open_cases(opened, "2026Q4", {"capacity": 2}, drawn, shown)
    assert audit.verify(opened).faults == []
    return opened


def _meetings(opened: Store, acting: Acting) -> None:
    from panel.schema import case

    panels = {number: acting("expert", number) for number in ("E1", "E2", "E3", "E4")}
    held = 0
    for case_id in ("2026Q3-00003", "2026Q3-00004"):
        on = [panel for panel in panels.values() if case_id in [row["case_id"] for row in panel.my_queue()]]
        on[0].submit_verdict(case_id, VerdictInput("0"), "m0")
        on[1].submit_verdict(case_id, VerdictInput("2", ("2-5",)), "m1")
        with opened.read() as connection:
            assert connection.execute(select(case.c.state).where(case.c.case_id == case_id)).scalar_one() == "disputed"
        acting("adjudicator").hold_meeting(case_id, ["甲", "乙", "丙"], "多数意见", VerdictInput("2", ("2-5",)))
        held += 1
    assert held == 2
    acting("supervisor").notify_quarter("2026Q3")


def rows_of(store: Store, table: Table) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]


def where_of(table: Table, row: dict[str, Any]) -> Any:
    clauses = [table.c[column.name] == row[column.name] for column in table.primary_key]
    found = clauses[0]
    for clause in clauses[1:]:
        found = found & clause
    return found


def other(column: Any, value: Any) -> Any:
    if isinstance(column.type, LargeBinary):
        return bytes(value or b"") + b"x"
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, (Integer, Float)):
        return (value or 0) + 1
    length = getattr(column.type, "length", None)
    return ("y" + str(value or ""))[:length] if str(value or "")[:1] != "y" else ("z" + str(value))[:length]


def behind(store: Store, *statements: Any) -> None:
    """Change the store as somebody would who has the file: without the program, and without its foreign keys."""
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        if store.engine.dialect.name == "sqlite":
            connection.invalidate()
        else:
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")
            connection.commit()


def undo(store: Store, table: Table, row: dict[str, Any]) -> None:
    behind(store, table.delete().where(where_of(table, row)), insert(table).values(**row))


TABLES = {**audit.logged_tables(), "attachment_content": schema_work.attachment_content, "audit": log}


def test_every_table_but_drafts_is_guarded() -> None:
    assert {table.name for table in TABLES.values()} == {table.name for table in metadata.sorted_tables} - {draft.name}


def test_a_single_row_edited_deleted_added_or_re_ordered_is_found_in_every_table(full: Store) -> None:
    for name, table in TABLES.items():
        rows = rows_of(full, table)
        assert len(rows) > 1, name
        first, second = rows[0], rows[1]
        # Every column on SQLite; the other database keeps them alike, so one of each table is enough there.
        columns = [column for column in table.columns if not column.primary_key]
        for column in columns if full.engine.dialect.name == "sqlite" else columns[:1]:
            behind(full, update(table).where(where_of(table, first)).values({column.name: other(column, first[column.name])}))
            assert audit.verify(full).faults, (name, column.name)
            undo(full, table, first)
        behind(full, table.delete().where(where_of(table, first)))
        assert audit.verify(full).faults, (name, "deleted")
        behind(full, insert(table).values(**first))
        key = next(iter(table.primary_key))
        added = {**second, key.name: other(key, rows[-1][key.name])}
        for column in table.columns:
            if column.unique and not column.primary_key:
                added[column.name] = other(column, second[column.name])
        if name == "lead":
            added["subject_code"] = "P999"
        if name == "case":
            added["rxno"] = "R999"
        behind(full, insert(table).values(**added))
        assert audit.verify(full).faults, (name, "added")
        behind(full, table.delete().where(where_of(table, added)))
        keys = {column.name for column in table.primary_key}
        swapped = ({**second, **{k: first[k] for k in keys}}, {**first, **{k: second[k] for k in keys}})
        gone = [table.delete().where(where_of(table, row)) for row in (first, second)]
        if swapped != (first, second):
            behind(full, *gone, *[insert(table).values(**row) for row in swapped])
            assert audit.verify(full).faults, (name, "re-ordered")
            behind(full, *gone, *[insert(table).values(**row) for row in (first, second)])
        assert audit.verify(full).faults == [], name


def test_deleting_the_newest_entries_with_their_rows_is_found_against_a_published_head(full: Store) -> None:
    head = audit.head(full)
    lead_id = PanelService(full, _supervisor()).leads()[0]["lead_id"]
    PanelService(full, _supervisor()).close_lead(lead_id, "办结")
    published = audit.head(full)
    notes, leads_table = TABLES["lead_note"], TABLES["lead"]
    note = next(row for row in rows_of(full, notes) if row["kind"] == "closed")
    behind(
        full,
        log.delete().where(log.c.seq > head["seq"]),
        notes.delete().where(notes.c.note_id == note["note_id"]),
        update(leads_table).where(leads_table.c.lead_id == lead_id).values(state="cleared"),
    )
    assert audit.verify(full).faults == []
    assert audit.verify(full, head).faults == []
    assert audit.verify(full, published).faults
    assert audit.verify(full, audit.parse_head(f"{published['seq']}:{published['hash']}")).faults
    with pytest.raises(WrongUse, match="no head"):
        audit.parse_head("yesterday")


def _supervisor() -> Any:
    from panel.sessions import Actor

    return Actor("s", "s", frozenset({"supervisor"}), None)


def test_a_log_rewritten_with_sound_hashes_is_found_against_a_published_head(full: Store) -> None:
    published = audit.head(full)
    entries = rows_of(full, log)
    forged, previous = [], "0" * 64
    for entry in entries:
        changed = {**entry, "prev_hash": previous, "actor": "nobody" if entry["seq"] == 2 else entry["actor"]}
        changed["hash"] = audit._hash(changed)
        previous = changed["hash"]
        forged.append(changed)
    behind(full, log.delete(), insert(log).values(forged))
    assert audit.verify(full).faults == []
    assert audit.verify(full, published).faults


@pytest.mark.parametrize("rows", [5, "x", None, [1], [["table", "key", "hash"]], [{"table": [], "key": {}, "hash": 1}]])
def test_an_entry_with_marks_of_another_form_is_a_fault_and_no_crash(opened: Store, rows: Any) -> None:
    with opened.change() as connection:
        number = connection.execute(select(log.c.seq).order_by(log.c.seq.desc())).scalars().first()
        connection.execute(update(log).where(log.c.seq == number).values(change=json.dumps({"rows": rows})))
    assert f"Entry {number} was changed." in audit.verify(opened).faults


def test_a_backup_comes_back_whole_and_a_changed_one_is_refused(full: Store, tmp_path: Path) -> None:
    counts = back_up(full, tmp_path / "b.zip")
    again = back_up(full, tmp_path / "again.zip")
    assert counts == again
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    with pytest.raises(WrongUse, match="holds data"):
        restore(full, tmp_path / "b.zip")
    with open_store(f"sqlite:///{tmp_path / 'other.db'}") as other_store:
        restore(other_store, tmp_path / "b.zip")
        assert audit.verify(other_store, audit.head(full)).faults == []
        for table in (TABLES["verdict"], TABLES["attachment_content"], TABLES["account"], TABLES["lead"]):
            assert rows_of(other_store, table) == rows_of(full, table)
        assert rows_of(other_store, TABLES["session"]) == []
    with zipfile.ZipFile(tmp_path / "b.zip") as source, zipfile.ZipFile(tmp_path / "c.zip", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"X1", b"X9") if name == "verdict.jsonl" else source.read(name))
    with open_store(f"sqlite:///{tmp_path / 'third.db'}") as third, pytest.raises(VerificationFailed):
        restore(third, tmp_path / "c.zip")


def test_the_store_its_log_files_and_backups_are_their_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        with open_store(f"sqlite:///{tmp_path / 'panel.db'}") as kept:
            leads.open_leads(
                kept, "2026Q3", pd.DataFrame({"subject_type": ["person"], "subject_code": ["P1"], "source": ["{}"]})
            )
            beside_it = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
            back_up(kept, tmp_path / "kept" / "b.zip")
    finally:
        os.umask(before)
    assert "panel.db-wal" in beside_it
    assert set(beside_it.values()) == {0o600}
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "kept" / "b.zip").stat().st_mode & 0o777 == 0o600


def test_an_older_store_is_its_owner_s_alone_from_when_its_owner_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / "panel.db", tmp_path / "panel.db.bak"
    other.touch(mode=0o644)
    url = f"sqlite:///{path}"
    with open_store(url) as first, first.read():
        # A log file is there while somebody has the store open.
        files = [path, tmp_path / "panel.db-wal", tmp_path / "panel.db-shm"]
        for part in files:
            part.chmod(0o644)
        with monkeypatch.context() as another:
            another.setattr("panel.store.os.geteuid", lambda: path.stat().st_uid + 1)
            open_store(url).engine.dispose()
            assert {part.stat().st_mode & 0o777 for part in files} == {0o644}
        open_store(url).engine.dispose()
        assert {part.stat().st_mode & 0o777 for part in files} == {0o600}
        assert other.stat().st_mode & 0o077


def test_a_lead_that_is_open_is_not_opened_again_and_its_number_names_nobody(opened: Store) -> None:
    flagged = pd.DataFrame({"subject_type": ["person"], "subject_code": ["P123456"], "source": ["{}"]})
    assert leads.open_leads(opened, "2026Q3", flagged) == 1
    assert leads.open_leads(opened, "2026Q3", flagged) == 0
    (row,) = leads.list_leads(opened).to_dict("records")
    assert row["lead_id"] == "2026Q3-L00001"
    with opened.read() as connection:
        assert "P123456" not in str(connection.execute(select(log)).all())
