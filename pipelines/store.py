"""Verifying the log and manifests, backing the store up and restoring it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from records.errors import NotFound, VerificationFailed
from records.output import sha256
from records.workplace import Workplace


def verify_store(workplace: Workplace, exports: list[Path], heads: list[str]) -> None:
    """Verify the log's chain, the store against it, and manifests. Raises VerificationFailed."""
    from panel.audit import parse_head, verify
    from panel.store import open_store

    published_heads = [parse_head(text) for text in heads]
    faults: list[str] = []
    with open_store(workplace.store_url()) as store:
        found = verify(store)
        faults += found.faults
        for folder in exports:
            manifest = _manifest(folder)
            faults += _check_files(folder, manifest)
            published_heads.append(manifest.get("audit_head") or {"seq": 0})
        for told in published_heads:
            faults += [fault for fault in verify(store, told).faults if fault not in faults]
    for fault in faults[:50]:
        sys.stderr.write(f"{fault}\n")
    if faults:
        raise VerificationFailed(f"{len(faults)} things do not agree with the log: keep this store and call the auditor.")
    sys.stdout.write(f"{found.entries} entries, head {found.head}\n")


def show_head(workplace: Workplace) -> None:
    """Print number and hash of the log's newest entry."""
    from panel.audit import head
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        newest = head(store)
    sys.stdout.write(f"{newest['seq']}:{newest['hash']}\n")


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.is_file():
        raise NotFound(f"There is no manifest in {folder}.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _check_files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    faults = []
    for name, expected in sorted(manifest["files"].items()):
        path = folder / name
        if not path.is_file():
            faults.append(f"{path} is missing.")
        elif sha256(path) != expected:
            faults.append(f"{path} was changed after it was exported.")
    return faults


def back_up(workplace: Workplace, to: Path) -> None:
    """Back the store up."""
    from panel.backup import back_up as write
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        counts = write(store, to)
    sys.stdout.write(f"{to}: {sum(counts.values())} rows  SHA-256 {sha256(to)}\n")


def restore_from(workplace: Workplace, source: Path) -> None:
    """Restore the store and verify its log."""
    from panel.audit import verify
    from panel.backup import restore
    from panel.store import open_store

    with workplace.lock(), open_store(workplace.store_url()) as store:
        counts = restore(store, source)
        found = verify(store)
    if found.faults:
        raise VerificationFailed(f"The restored store does not verify: {found.faults[0]}")
    sys.stdout.write(f"{source}: {sum(counts.values())} rows, {found.entries} log entries verified\n")
