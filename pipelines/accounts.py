"""Accounts from the command line."""

from __future__ import annotations

import secrets
import sys

from pipelines.cases import CLI
from pipelines.tables import show
from records.errors import WrongUse
from records.workplace import Workplace


def add_account(workplace: Workplace, name: str, roles: list[str], person: str, expert_id: str | None) -> None:
    """Add an account with a password of its own making, printed once. Raises WrongUse for an unknown expert."""
    from panel.accounts import create_account
    from panel.people import expert_is_known
    from panel.store import open_store

    password = secrets.token_urlsafe(12)
    with open_store(workplace.store_url()) as store:
        if expert_id is not None and not expert_is_known(store, expert_id):
            raise WrongUse(f"There is no expert {expert_id}: import experts first.")
        create_account(store, name, password, roles, person=person, expert_id=expert_id, actor=CLI)
    sys.stdout.write(f"{name}  {password}\n首次登录须修改密码 The password has to be changed at the first sign-in.\n")


def show_accounts(workplace: Workplace) -> None:
    """Print accounts; never a password."""
    from panel.accounts import list_accounts
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        rows = list_accounts(store)
    cells = [(row["account"], row["name"], row["roles"], row["expert_id"] or "", row["state"]) for row in rows]
    show(["账号 account", "姓名 name", "角色 roles", "专家 expert", "状态 state"], cells)


def end_account(workplace: Workplace, name: str) -> None:
    """Close an account."""
    from panel.accounts import end_account as close
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        close(store, name, CLI)


def unlock_account(workplace: Workplace, name: str) -> None:
    """Unlock an account."""
    from panel.accounts import unlock_account as free
    from panel.store import open_store

    with open_store(workplace.store_url()) as store:
        free(store, name, CLI)
