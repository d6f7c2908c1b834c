"""Attachments: images and PDF of the record, told by their content, limited in size, kept in the store."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

from sqlalchemy import func, insert, select

from panel import audit
from panel.acting import Acting
from panel.giving import given_time, verdicts_of
from panel.schema_work import attachment, attachment_content
from panel.waiting import LIVE
from records.errors import NotFound, NotPermitted, WrongUse

MOST_BYTES, MOST_FILES, MOST_NAME = 10 * 1024 * 1024, 20, 120
MOST_PIXELS = 100_000_000
#: Kinds by how their content begins and ends; the name and the sender's word of the kind count for nothing.
_PNG_END = b"IEND\xaeB`\x82"
#: What makes a PDF do something when it is opened.
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|OpenAction|AA|RichMedia|XFA|SubmitForm|ImportData|GoToE)\b")


def kind_of(content: bytes) -> str:
    """The kind of a file by its content: image/png, image/jpeg or application/pdf. Raises WrongUse for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content.rstrip(b"\x00").endswith(_PNG_END):
        width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
        if content[12:16] == b"IHDR" and 0 < width * height <= MOST_PIXELS:
            return "image/png"
    elif content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return "image/jpeg"
    elif re.match(rb"%PDF-[12]\.\d", content) and b"%%EOF" in content[-2048:]:
        plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), content)
        if _ACTIVE.search(plain):
            raise WrongUse("PDF含脚本、附件或自动动作，不予接收 This PDF holds scripts or actions: print it to a plain PDF.")
        if b"/Encrypt" in plain:
            raise WrongUse("PDF已加密，不予接收 This PDF is encrypted: save it without a password.")
        return "application/pdf"
    raise WrongUse("只接收PNG、JPEG图片和PDF Only PNG and JPEG images and PDF are taken, whatever the file is called.")


def safe_name(name: str) -> str:
    """A file's name as text: no folder, no control characters, not longer than 120; 'record' when nothing is left."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c for c in last if c.isprintable() and unicodedata.category(c) not in ("Cf", "Co", "Cs")).strip(" .")
    return kept[-MOST_NAME:] or "record"


class Attaching(Acting):
    """Files of the record, beside a case."""

    def attach(self, case_id: str, name: str, content: bytes, *, blinded: bool = False) -> str:
        """Keep a file beside a case; returns its number. The same content twice is kept once.

        ``blinded`` = names of institution, department and prescriber are blacked out: the case's experts may see it
        before their verdict. Raises WrongUse for what is neither image nor PDF, for more than 10 MiB, for too many.
        """
        self._require("attach", case_id)
        if len(content) > MOST_BYTES:
            raise WrongUse(f"文件不得超过{MOST_BYTES >> 20}MiB A file may have at most {MOST_BYTES >> 20} MiB.")
        kind, digest = kind_of(content), hashlib.sha256(content).hexdigest()
        with self._change(case_id) as connection:
            self._case(connection, case_id)
            mine = self._assignment(connection, case_id, self.actor.expert_id)
            if "agency_reviewer" not in self.actor.roles and (mine is None or mine.state not in LIVE):
                raise NotPermitted("此病例未分派给您 This case is not assigned to you.")
            number = hashlib.sha256(f"{case_id}\n{self.actor.account}\n{digest}".encode()).hexdigest()
            if connection.execute(select(attachment).where(attachment.c.attachment_id == number)).first() is not None:
                return number
            count = connection.execute(select(func.count()).select_from(attachment).where(attachment.c.case_id == case_id))
            if count.scalar_one() >= MOST_FILES:
                raise WrongUse(f"每例最多{MOST_FILES}个附件 A case may have at most {MOST_FILES} attachments.")
            row = {
                "attachment_id": number, "case_id": case_id, "account": self.actor.account,
                "expert_id": self.actor.expert_id, "name": safe_name(name), "kind": kind, "size": len(content),
                "sha256": digest, "at": given_time(), "blinded": blinded,
            }  # fmt: skip
            connection.execute(insert(attachment).values(**row))
            connection.execute(insert(attachment_content).values(attachment_id=number, content=content))
            audit.record_rows(connection, self.actor.account, "attached", case_id, {"attachment": [row]})
        return number

    def attachments(self, case_id: str) -> list[dict[str, Any]]:
        """Files beside a case that the actor may see, oldest first; never their content."""
        self._require("see_attachment", case_id)
        with self.store.read() as connection:
            self._case(connection, case_id)
            mine = self._assignment(connection, case_id, self.actor.expert_id)
            judged = any(row.expert_id == self.actor.expert_id for row in verdicts_of(connection, case_id))
            rows = connection.execute(
                select(attachment).where(attachment.c.case_id == case_id).order_by(attachment.c.at, attachment.c.attachment_id)
            ).all()
        live = mine is not None and mine.state in LIVE
        oversees = bool(self.actor.roles & {"adjudicator", "supervisor", "agency_reviewer"}) and not (live and not judged)
        if not live and not oversees:
            self._refuse(case_id, "not assigned", "此病例未分派给您 This case is not assigned to you.")
        seen = [row for row in rows if oversees or judged or row.account == self.actor.account or self._open_to_all(row)]
        return [dict(row._mapping) for row in seen]

    @staticmethod
    def _open_to_all(row: Any) -> bool:
        """Blacked out and supplied by the agency: an expert's own papers would tell another how the expert thinks."""
        return bool(row.blinded) and row.expert_id is None

    def attachment(self, attachment_id: str) -> tuple[str, str, bytes]:
        """Name, kind and content of a file. Raises NotFound, also for one that the actor may not see."""
        self._require("see_attachment", attachment_id)
        with self.store.read() as connection:
            key = attachment_id.replace("\0", "")
            row = connection.execute(select(attachment).where(attachment.c.attachment_id == key)).first()
        if row is None or attachment_id not in {entry["attachment_id"] for entry in self.attachments(row.case_id)}:
            with self._change() as connection:
                audit.record(connection, self.actor.account, "refused", key[:120], {"why": "no such attachment"})
            raise NotFound("没有这个附件 There is no such attachment.")
        with self.store.read() as connection:
            content = connection.execute(
                select(attachment_content.c.content).where(attachment_content.c.attachment_id == attachment_id)
            ).scalar_one()
        return row.name, row.kind, bytes(content)
