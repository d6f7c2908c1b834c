"""audit, backup, restore: the log that cannot be changed unseen, and the store's copies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from records.workplace import Workplace

audit = typer.Typer(no_args_is_help=True, help="审计日志 The tamper-evident log.")

Head = Annotated[list[str] | None, typer.Option("--head", help="Published head, number:hash, as 'audit head' prints it.")]


@audit.command()
def verify(
    work: options.Work = None,
    out: Annotated[list[Path] | None, typer.Option("--out", help="Export folder whose manifest is checked as well.")] = None,
    head: Annotated[
        list[str] | None, typer.Option("--head", help="Published head, number:hash, as 'audit head' prints it.")
    ] = None,
) -> None:
    """校验日志 Verify the audit log's chain, the store against it, and export manifests.

    Example: rxpanel audit verify --work work --out results
    """
    from pipelines.store import verify_store

    verify_store(Workplace.of(work), out or [], head or [])


@audit.command()
def head(work: options.Work = None) -> None:
    """日志首部 Print the log's head to be published: the newest entries cannot be taken away unseen after that.

    Example: rxpanel audit head --work work
    """
    from pipelines.store import show_head

    show_head(Workplace.of(work))


def backup(
    to: Annotated[Path, typer.Option("--to", help="File to write.")],
    work: options.Work = None,
) -> None:
    """备份 Back the store up into one file.

    Example: rxpanel backup --to panel-backup.zip --work work
    """
    from pipelines.store import back_up

    back_up(Workplace.of(work), to)


def restore(
    source: Annotated[Path, typer.Option("--from", help="Backup file.")],
    work: options.Work = None,
) -> None:
    """恢复 Restore the store from a backup; refuses to overwrite a store that holds cases.

    Example: rxpanel restore --from panel-backup.zip --work work
    """
    from pipelines.store import restore_from

    restore_from(Workplace.of(work), source)


def register(root: typer.Typer) -> None:
    """Add these commands to the command line."""
    root.command()(backup)
    root.command()(restore)
