"""accounts: who may sign in to the review app with a local password."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines import options
from records.workplace import Workplace

app = typer.Typer(no_args_is_help=True, help="账号 Local accounts of the review app.")
Expert = Annotated[str | None, typer.Option("--expert", help="Expert number behind the account.", show_default=False)]
Name = Annotated[str, typer.Argument(help="Account, as it is typed at the sign-in.")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help="Role; give the option again for more than one.")],
    person: Annotated[str, typer.Option("--person", help="Name that is shown.")] = "",
    expert: Annotated[
        str | None, typer.Option("--expert", help="Expert number behind the account.", show_default=False)
    ] = None,
    work: options.Work = None,
) -> None:
    """添加账号 Add an account, or give it new roles and a new password; prints a password to be changed at once.

    Example: rxpanel accounts add wang --role expert --expert E001 --person 王医生 --work work
    """
    from pipelines.accounts import add_account

    add_account(Workplace.of(work), name, role, person, expert)


@app.command("list")
def list_accounts(work: options.Work = None) -> None:
    """账号清单 Accounts with their roles and whether they are locked or closed.

    Example: rxpanel accounts list --work work
    """
    from pipelines.accounts import show_accounts

    show_accounts(Workplace.of(work))


@app.command("end")
def end(name: Name, work: options.Work = None) -> None:
    """停用账号 Close an account; its sessions end.

    Example: rxpanel accounts end wang --work work
    """
    from pipelines.accounts import end_account

    end_account(Workplace.of(work), name)


@app.command("unlock")
def unlock(name: Name, work: options.Work = None) -> None:
    """解锁账号 Let an account sign in again that too many wrong passwords locked.

    Example: rxpanel accounts unlock wang --work work
    """
    from pipelines.accounts import unlock_account

    unlock_account(Workplace.of(work), name)
