"""Exports carry the mark of whom they are for, and the log keeps what left the house."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from panel import audit
from panel.store import Store
from records.errors import WrongUse
from records.output import sha256

if TYPE_CHECKING:
    import pandas as pd

MARK = "recipient_mark"


def mark_of(recipient: str, subject: str) -> str:
    """The recipient and a short hash that ties the mark to what was exported. Raises WrongUse without a recipient."""
    name = " ".join(recipient.split())
    if not name:
        raise WrongUse("导出须写明接收人 Say whom the export is for: --recipient NAME.")
    return f"{name} {hashlib.sha256(audit.canonical([name, subject]).encode()).hexdigest()[:8]}"


def marked(frame: pd.DataFrame, recipient: str, subject: str) -> pd.DataFrame:
    """A frame with the recipient's mark on every row."""
    return frame.assign(**{MARK: mark_of(recipient, subject)})


def record_export(
    store: Store, action: str, subject: str, path: Path, recipient: str, actor: str, facts: dict[str, str] | None = None
) -> None:
    """Log what was exported for whom, with the file's hash; never its path."""
    with store.change() as connection:
        told = {"recipient": recipient, "mark": mark_of(recipient, subject), "sha256": sha256(path)}
        audit.record(connection, actor, action, subject, {**(facts or {}), **told})
