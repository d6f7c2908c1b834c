"""Who acts, and whether they may: every step of the panel's service begins here. A refusal is logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import Connection, select

from panel import audit
from panel.schema import assignment, case
from panel.sessions import Actor
from panel.store import Store
from panel.tables import permissions
from records.errors import NotFound, NotPermitted, WrongUse

MOST_TEXT = 4000
#: The one character that PostgreSQL keeps in no text.
NUL = "\0"


class Acting:
    """A store and a signed-in actor."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self.store, self.actor = store, actor

    def may(self, what: str) -> bool:
        """Whether the actor's roles allow something."""
        return bool(self.actor.roles & permissions()[what]) and not self.actor.must_change

    def require(self, what: str, subject: str = "") -> None:
        """Raise NotPermitted, and log it, where the actor's roles do not allow something."""
        self._require(what, subject)

    def _require(self, what: str, subject: str = "") -> None:
        if self.may(what):
            return
        with self.store.change() as connection:
            audit.record(connection, self.actor.account, "refused", what, {"subject": subject})
        if self.actor.must_change:
            raise NotPermitted("请先修改密码 Choose a password of your own first.")
        raise NotPermitted("您的角色无权进行此操作 Your role does not allow this.")

    def _refuse(self, subject: str, why: str, said: str) -> NoReturn:
        with self.store.change() as connection:
            audit.record(connection, self.actor.account, "refused", subject, {"why": why})
        raise NotPermitted(said)

    @contextmanager
    def _change(self, subject: str = "") -> Iterator[Connection]:
        """A writing transaction; what is refused in it is undone, and the refusal logged."""
        try:
            with self.store.change() as connection:
                yield connection
        except NotPermitted as refused:
            with self.store.change() as connection:
                audit.record(connection, self.actor.account, "refused", subject.replace(NUL, "")[:120], {"why": str(refused)})
            raise

    def _expert(self) -> str:
        if self.actor.expert_id is None:
            self._refuse("expert", "no expert", "此账号未关联专家 This account has no expert behind it.")
        return self.actor.expert_id

    @staticmethod
    def _case(connection: Connection, case_id: str) -> Any:
        row = None if NUL in case_id else connection.execute(select(case).where(case.c.case_id == case_id)).first()
        if row is None:
            raise NotFound(f"没有病例{case_id} There is no case {case_id}.")
        return row

    @staticmethod
    def _assignment(connection: Connection, case_id: str, expert_id: str | None) -> Any:
        return connection.execute(
            select(assignment).where(assignment.c.case_id == case_id, assignment.c.expert_id == (expert_id or ""))
        ).first()


def text_of(text: str, what: str) -> str:
    """A text somebody has to write; ``what`` = what it is, in Chinese, a space, and in English.

    Raises WrongUse when it is empty or too long.
    """
    kept, (zh, _, en) = text.strip(), what.partition(" ")
    if not kept:
        raise WrongUse(f"{zh}须填写 This needs to be written: {en}.")
    if NUL in kept:
        raise WrongUse("文字含无法保存的字符 The text has a character that cannot be kept.")
    if len(kept) > MOST_TEXT:
        raise WrongUse(f"{zh}最多{MOST_TEXT}字 At most {MOST_TEXT} characters: {en}.")
    return kept
