"""Accounts of a demo: one a role, valid in a demo store only."""

from __future__ import annotations

from sqlalchemy import insert, select

from panel import audit
from panel.accounts import create_account
from panel.schema import setting
from panel.store import Store
from panel.tables import roles
from records.errors import NotPermitted


def mark_demo(store: Store) -> None:
    """Say that a store is a demo's; only there may demo accounts be made."""
    with store.change() as connection:
        if connection.execute(select(setting).where(setting.c.name == "demo")).first() is None:
            connection.execute(insert(setting).values(name="demo", value="1"))
            audit.record_rows(connection, "system", "demo store", "store", {"setting": [{"name": "demo"}]})


def demo_accounts(store: Store, experts: list[str]) -> list[tuple[str, str, str]]:
    """One account a role, without a forced change: (role, account, password). Raises NotPermitted elsewhere.

    ``experts`` = expert numbers in the pool; the expert's account stands for the first, a second one for the next.
    """
    with store.read() as connection:
        if connection.execute(select(setting).where(setting.c.name == "demo")).first() is None:
            raise NotPermitted("仅演示库可建演示账号 Demo accounts are made in a demo store only.")
    made = []
    for role in roles():
        expert_id = experts[0] if role == "expert" and experts else None
        if role == "adjudicator" and len(experts) > 2:
            expert_id = experts[-1]
        password = f"demo-{role.replace('_', '-')}"
        create_account(store, role, password, [role], person=roles()[role][0], expert_id=expert_id, must_change=False)
        made.append((role, role, password))
    for number, expert_id in enumerate(experts[1:3], start=2):
        password = f"demo-expert{number}"
        create_account(store, f"expert{number}", password, ["expert"], expert_id=expert_id, must_change=False)
        made.append(("expert", f"expert{number}", password))
    return made
