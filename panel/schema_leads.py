"""Tables of leads: suspected subjects, what officers wrote, clues and their sealed reporters, outcomes."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table, Text, UniqueConstraint

from panel.schema import later, metadata

lead = Table(
    "lead",
    metadata,
    Column("lead_id", String(80), primary_key=True),
    Column("quarter", String(6), nullable=False),
    Column("subject_type", String(12), nullable=False),
    Column("subject_code", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("source", Text, nullable=False),
    later("origin", String(40)),
    later("incl_prob", Float(53)),
    later("officers", String(200)),
    later("opened_on", String(10)),
    later("due_date", String(10)),
    later("extended", Integer),
    later("addressee", String(20)),
    UniqueConstraint("quarter", "subject_type", "subject_code"),
)

outcome = Table(
    "outcome",
    metadata,
    Column("finding_id", String(80), primary_key=True),
    Column("subject_type", String(12), nullable=False),
    Column("subject_code", String(40), nullable=False),
    Column("begndate", String(10), nullable=False),
    Column("enddate", String(10), nullable=False),
    Column("fraud_flag", Integer, nullable=False),
    Column("fund_codes", String(200)),
    Column("loss_amt", String(20)),
    later("lead_id", String(80)),
    # The day in China on which it was known: of a label, what is later than its as-of does not count.
    later("recorded_on", String(10)),
)

lead_note = Table(
    "lead_note",
    metadata,
    Column("note_id", String(64), primary_key=True),
    Column("lead_id", String(80), nullable=False),
    Column("at", String(32), nullable=False),
    Column("account", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
)

clue = Table(
    "clue_in",
    metadata,
    Column("clue_id", String(64), primary_key=True),
    Column("received", String(32), nullable=False),
    Column("subject_type", String(12), nullable=False),
    Column("subject_code", String(40), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("text", Text, nullable=False),
)

#: Who reported a clue. In no listing, export or payload; opened by one permission, with a reason, and logged.
reporter = Table(
    "clue_reporter",
    metadata,
    Column("clue_id", String(64), primary_key=True),
    Column("reporter", Text, nullable=False),
)
