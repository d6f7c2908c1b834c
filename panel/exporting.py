"""What leaves the house: by role, for somebody named, marked and logged."""

from __future__ import annotations

from pathlib import Path

from panel.acting import Acting, text_of
from panel.case_list import write_cases
from panel.exports import mark_of, record_export
from panel.leads import write_leads


class Exporting(Acting):
    """Exports, each checked against the role."""

    def export_cases(self, name: str, path: Path, recipient: str) -> int:
        """Write a quarter's cases as a blind list; see ``write_cases``. Returns the rows."""
        self._require("export", name)
        return write_cases(self.store, name, path, recipient, self.actor.account)

    def export_leads(self, name: str, path: Path, recipient: str, unmask: str | None = None) -> int:
        """Write a quarter's leads as CSV; see ``write_leads``. Returns the rows.

        ``unmask`` = why persons' numbers have to stand in it whole, for those who may open an identity.
        """
        self._require("export", name)
        why = None
        if unmask is not None:
            self._require("unmask_identity", name)
            why = text_of(unmask, "查看理由 the reason")
        return write_leads(self.store, name, path, recipient, self.actor.account, why=why)

    def mark_for(self, recipient: str, subject: str) -> str:
        """The mark of an export that is about to be written, for those who may export."""
        self._require("export", subject)
        return mark_of(recipient, subject)

    def exported(self, action: str, subject: str, path: Path, recipient: str, facts: dict[str, str] | None = None) -> None:
        """Log an export that was written, with its mark and its file's hash, and what else is to be known of it."""
        self._require("export", subject)
        record_export(self.store, action, subject, path, recipient, self.actor.account, facts)
