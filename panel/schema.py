"""The store's tables. Verdicts and the log are only ever added to; what changes has its history in the log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()


def later(name: str, kind: Any) -> Column[Any]:
    """A column that came after the first layout: empty in older rows, whose marks in the log stay what they were."""
    return Column(name, kind, nullable=True, info={"later": True})


setting = Table("setting", metadata, Column("name", String(60), primary_key=True), Column("value", Text, nullable=False))

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("change", Text, nullable=False),
)

expert = Table(
    "expert",
    metadata,
    Column("expert_id", String(60), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("profession", String(20), nullable=False),
    Column("specialty", String(80)),
    Column("title", String(40)),
    Column("institution", String(12)),
    Column("former_institutions", Text, nullable=False, default=""),
    Column("conflicts", Text, nullable=False, default=""),
    Column("capacity", Integer),
    Column("external", Boolean, nullable=False, default=False),
    later("withdrawn", Boolean),
)

account = Table(
    "account",
    metadata,
    Column("account", String(60), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("password", String(200), nullable=False),
    Column("roles", String(200), nullable=False),
    Column("expert_id", String(60), ForeignKey("expert.expert_id")),
    Column("must_change", Boolean, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", String(32)),
    later("ended", Boolean),
    # Who it is for an outside identity provider: issuer and subject.
    later("identity", String(400)),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(60), ForeignKey("account.account"), nullable=False),
    Column("expires", String(32), nullable=False),
    later("begun", String(32)),
)

quarter = Table(
    "quarter",
    metadata,
    Column("quarter", String(6), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("design", Text, nullable=False),
    later("rules", Text),
)

sample = Table(
    "sample",
    metadata,
    Column("quarter", String(6), primary_key=True),
    Column("rxno", String(40), primary_key=True),
    Column("fixmedins_code", String(12), nullable=False),
    Column("stratum", String(60), nullable=False),
    Column("arm", String(10), nullable=False),
    Column("incl_prob", Float(53), nullable=False),
    Column("incl_prob_any", Float(53), nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("design_id", String(80), nullable=False),
    Column("seed", String(80), nullable=False),
    Column("draw_order", Integer, nullable=False),
)

case = Table(
    "review_case",
    metadata,
    Column("case_id", String(40), primary_key=True),
    Column("quarter", String(6), ForeignKey("quarter.quarter"), nullable=False),
    Column("rxno", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("due_date", String(10)),
    Column("payload", Text, nullable=False),
    Column("after_blind", Text, nullable=False),
    # Experts who judge it blind; empty = two.
    later("needed", Integer),
    # gold or repeat: a copy of another case under a number of its own; empty = a case of the sample.
    later("kind", String(10)),
    later("copy_of", String(40)),
    # Main diagnosis and dearest drug's group, by which decided cases like it are found; empty = neither is known.
    later("likeness", String(12)),
    UniqueConstraint("quarter", "rxno"),
    Index("case_state", "quarter", "state"),
    Index("case_likeness", "likeness", "state"),
)

assignment = Table(
    "assignment",
    metadata,
    Column("case_id", String(40), ForeignKey("review_case.case_id"), primary_key=True),
    Column("expert_id", String(60), ForeignKey("expert.expert_id"), primary_key=True),
    Column("stage", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    later("locked_until", String(32)),
    Index("assignment_expert", "expert_id", "state"),
)

verdict = Table(
    "verdict",
    metadata,
    Column("verdict_id", String(64), primary_key=True),
    Column("case_id", String(40), ForeignKey("review_case.case_id"), nullable=False),
    Column("rxno", String(40), nullable=False),
    Column("expert_id", String(60), nullable=False),
    Column("feedetl_sn", String(30), nullable=False),
    Column("stage", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("verdict_class", String(1), nullable=False),
    Column("item_codes", String(200), nullable=False),
    Column("fund_codes", String(200), nullable=False),
    Column("loss_amt", String(20)),
    Column("record_seen", String(5), nullable=False),
    Column("comment", Text, nullable=False),
    Column("given_time", String(32), nullable=False),
    Column("submission_id", String(64), nullable=False, unique=True),
    later("severity", String(10)),
    later("reason", Text),
    later("loss_reason", Text),
    later("seconds", Integer),
    Index("verdict_case", "case_id"),
)

draft = Table(
    "draft",
    metadata,
    Column("case_id", String(40), ForeignKey("review_case.case_id"), primary_key=True),
    Column("expert_id", String(60), primary_key=True),
    Column("content", Text, nullable=False),
)
