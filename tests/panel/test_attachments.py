"""Attachments: told by content, limited, out of reach of those who may not see them; attacking texts stay text."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

from panel import attaching, audit
from panel.attaching import kind_of, safe_name
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import NotFound, NotPermitted, WrongUse

Acting = Callable[..., PanelService]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 1, height: int = 1) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\0" * 20 + b"\xff\xd9"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def test_images_and_pdf_are_told_by_their_content() -> None:
    assert (kind_of(png()), kind_of(JPEG), kind_of(PDF)) == ("image/png", "image/jpeg", "application/pdf")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"MZ\x90\x00",
        b"PK\x03\x04", b"GIF89a", b"\x89PNG\r\n\x1a\n<script>", png()[:-4], JPEG[:-2], png(200_000, 200_000), b"<html>" + PDF,
        PDF.replace(b"/Type", b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>/Type"),
        PDF.replace(b"/Type", b"/#4Aava#53cript(x)/Type"), PDF.replace(b"/Type", b"/Encrypt 2 0 R/Type"),
        PDF.replace(b"/Type", b"/EmbeddedFiles<<>>/Type"), PDF.replace(b"%%EOF", b""),
    ],
)  # fmt: skip
def test_what_is_neither_or_does_something_is_refused(content: bytes) -> None:
    with pytest.raises(WrongUse):
        kind_of(content)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\病历.png", "病历.png"),
        ("=cmd|'/c calc'!A1.png", "c calc'!A1.png"),
        ("a\x00b\nc.pdf", "abc.pdf"),
        ("\u202egnp.exe", "gnp.exe"),
        ("...", "record"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
    ],
)
def test_a_name_is_text_and_no_path(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def first_of(acting: Acting) -> tuple[PanelService, str]:
    panel = acting("expert", "E1")
    return panel, str(panel.my_queue()[0]["case_id"])


def test_a_file_is_kept_once_and_comes_back_as_it_was(acting: Acting, opened: Store) -> None:
    panel, case_id = first_of(acting)
    number = panel.attach(case_id, "病历 1.png", png())
    assert panel.attach(case_id, "again.png", png()) == number
    assert panel.attachment(number) == ("病历 1.png", "image/png", png())
    assert [row["name"] for row in panel.attachments(case_id)] == ["病历 1.png"]
    assert "content" not in panel.attachments(case_id)[0]
    assert audit.verify(opened).faults == []


def test_sizes_and_numbers_are_limited(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    panel, case_id = first_of(acting)
    with pytest.raises(WrongUse, match="at most 10 MiB"):
        panel.attach(case_id, "a.png", png() + b"\0" * attaching.MOST_BYTES)
    monkeypatch.setattr(attaching, "MOST_FILES", 1)
    panel.attach(case_id, "a.png", png())
    with pytest.raises(WrongUse, match="at most 1 attach"):
        panel.attach(case_id, "b.jpg", JPEG)


def test_before_the_own_verdict_only_the_own_and_blacked_out_papers_are_seen(acting: Acting) -> None:
    panel, case_id = first_of(acting)
    mates = [acting("expert", n) for n in ("E2", "E3", "E4")]
    mate = next(p for p in mates if case_id in [row["case_id"] for row in p.my_queue()])
    outsider = next(p for p in mates if case_id not in [row["case_id"] for row in p.my_queue()])
    theirs = mate.attach(case_id, "mate.png", png())
    agency = acting("agency_reviewer")
    plain = agency.attach(case_id, "病历.pdf", PDF)
    blinded = agency.attach(case_id, "涂黑.jpg", JPEG, blinded=True)
    assert [row["attachment_id"] for row in panel.attachments(case_id)] == [blinded]
    for number in (theirs, plain):
        with pytest.raises(NotFound):
            panel.attachment(number)
    panel.submit_verdict(case_id, VerdictInput("0"), "s")
    assert {row["attachment_id"] for row in panel.attachments(case_id)} == {theirs, plain, blinded}
    with pytest.raises(NotPermitted):
        outsider.attachments(case_id)
    with pytest.raises(NotPermitted):
        outsider.attach(case_id, "x.png", png())


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "=cmd|'/c calc'!A1", "'; DROP TABLE verdict; --", "../../x", "\u202e"]
)
def test_texts_that_attack_are_kept_as_text(acting: Acting, opened: Store, text: str) -> None:
    panel, case_id = first_of(acting)
    panel.save_draft(case_id, {"comment": text})
    assert panel.open_case(case_id)["draft"] == {"comment": text}
    panel.submit_verdict(case_id, VerdictInput("0", comment=text), text)
    assert panel.open_case(case_id)["my_verdicts"][0]["comment"] == text
    assert panel.open_case(case_id)["draft"] is None
    with pytest.raises(NotFound):
        panel.open_case(text)
    with pytest.raises(WrongUse, match="too long"):
        panel.save_draft(case_id, {"comment": "x" * 100_000})
    assert audit.verify(opened).faults == []


def test_a_character_that_no_database_keeps_is_refused(acting: Acting) -> None:
    panel, case_id = first_of(acting)
    with pytest.raises(WrongUse, match="cannot be kept"):
        panel.submit_verdict(case_id, VerdictInput("0", comment="a\x00b"), "x")
    with pytest.raises(WrongUse, match="cannot be kept"):
        panel.recuse(case_id, "a\x00b")
    with pytest.raises(NotFound):
        panel.open_case("a\x00b")
