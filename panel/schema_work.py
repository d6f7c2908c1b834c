"""Tables of the work around a case: absences, records asked for, meetings, appeals, attachments, working days."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from panel.schema import later, metadata

absence = Table(
    "absence",
    metadata,
    Column("expert_id", String(60), ForeignKey("expert.expert_id"), primary_key=True),
    Column("begndate", String(10), primary_key=True),
    Column("enddate", String(10), nullable=False),
    Column("reason", Text, nullable=False),
)

record_request = Table(
    "record_request",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("case_id", String(40), ForeignKey("review_case.case_id"), nullable=False),
    Column("account", String(60), nullable=False),
    Column("wanted", Text, nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("due_date", String(10), nullable=False),
    Column("state", String(20), nullable=False),
    Column("answer", Text),
    Index("record_request_case", "case_id"),
)

meeting = Table(
    "meeting",
    metadata,
    Column("meeting_id", String(64), primary_key=True),
    Column("case_id", String(40), ForeignKey("review_case.case_id"), nullable=False),
    Column("held_at", String(32), nullable=False),
    Column("chair", String(60), nullable=False),
    Column("present", Text, nullable=False),
    Column("minutes", Text, nullable=False),
    # Of those present, how many voted for what was decided; and whether the chair's vote broke a tie.
    later("in_favour", Integer),
    later("casting", Boolean),
)

appeal = Table(
    "appeal",
    metadata,
    Column("appeal_id", String(64), primary_key=True),
    Column("case_id", String(40), ForeignKey("review_case.case_id"), nullable=False),
    Column("received", String(32), nullable=False),
    Column("account", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("late_reason", Text),
    Column("state", String(20), nullable=False),
    Column("decided_by", String(60)),
    Column("reason", Text),
)

notice = Table(
    "notice",
    metadata,
    Column("case_id", String(40), ForeignKey("review_case.case_id"), primary_key=True),
    Column("notified_at", String(32), nullable=False),
    Column("objection_until", String(10), nullable=False),
)

attachment = Table(
    "attachment",
    metadata,
    Column("attachment_id", String(64), primary_key=True),
    Column("case_id", String(40), ForeignKey("review_case.case_id"), nullable=False),
    Column("account", String(60), nullable=False),
    Column("expert_id", String(60)),
    Column("name", String(120), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    # Names of institution, department and prescriber are blacked out: may be shown before the own verdict.
    Column("blinded", Boolean, nullable=False),
    Index("attachment_case", "case_id"),
)

#: The bytes, apart from what is listed; the log knows them by the hash that the list keeps.
attachment_content = Table(
    "attachment_content",
    metadata,
    Column("attachment_id", String(64), ForeignKey("attachment.attachment_id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

workday = Table(
    "workday",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("workday", Integer, nullable=False),
)
