"""The pool and the calendar as administrators keep them: experts from a file or one by one, working days."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import select

from panel.acting import Acting
from panel.exchange import import_experts
from panel.schema_work import absence, workday
from panel.table_file import ImportReport
from panel.working_days import keep_calendar
from records.errors import WrongUse

EXPERT_FIELDS = (
    "expert_id", "name", "profession", "specialty", "title", "institution", "former_institutions", "conflicts", "capacity",
)  # fmt: skip
MOST_BYTES = 2 * 1024 * 1024


class Pooling(Acting):
    """Bringing experts in, and the working days that every period counts by."""

    def import_pool(self, content: bytes) -> ImportReport:
        """Bring experts of a CSV (UTF-8 or GB18030) into the pool and assign waiting cases; see ``import_experts``."""
        self._require("manage_pool")
        if len(content) > MOST_BYTES:
            raise WrongUse(f"文件不得超过{MOST_BYTES >> 20}MiB The file may have at most {MOST_BYTES >> 20} MiB.")
        with tempfile.TemporaryDirectory(prefix="rxpanel-pool-") as scratch:
            path = Path(scratch) / "experts.csv"
            path.write_bytes(content)
            return import_experts(self.store, path, self.actor.account)

    def add_expert(self, entry: dict[str, str]) -> None:
        """Add one expert, or replace what is known of one. Raises WrongUse for what cannot be meant."""
        text = io.StringIO()
        writer = csv.DictWriter(text, EXPERT_FIELDS, extrasaction="ignore")
        writer.writeheader()
        writer.writerow({name: str(entry.get(name) or "").replace("\0", "") for name in EXPERT_FIELDS})
        report = self.import_pool(text.getvalue().encode())
        if report.rejected:
            raise WrongUse(report.rejected[0][2])

    def absences(self) -> list[dict[str, Any]]:
        """Absences, the latest first."""
        self._require("manage_pool")
        with self.store.read() as connection:
            rows = connection.execute(select(absence).order_by(absence.c.begndate.desc(), absence.c.expert_id)).all()
        return [dict(row._mapping) for row in rows]

    def calendar(self) -> list[dict[str, Any]]:
        """Days that the calendar names, in order; all others are working days from Monday to Friday."""
        self._require("manage_pool")
        with self.store.read() as connection:
            rows = connection.execute(select(workday).order_by(workday.c.day)).all()
        return [dict(row._mapping) for row in rows]

    def keep_days(self, days: dict[str, int]) -> int:
        """Keep working days (1) and days off (0) by date; returns how many changed."""
        self._require("manage_pool")
        with self._change("calendar") as connection:
            return keep_calendar(connection, days, self.actor.account)
