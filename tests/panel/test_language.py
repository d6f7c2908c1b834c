"""Whatever the panel refuses is said in Chinese first and in English beside it, so that a screen can show either."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import panel
import records.errors
from panel.acting import text_of
from panel.verdict_input import VerdictInput, amount_of, check
from records.errors import Situation, WrongUse
from review_app.presenters import one_of

ROOM = Path(panel.__file__).parent
SITUATIONS = {name for name, kind in vars(records.errors).items() if isinstance(kind, type) and issubclass(kind, Situation)}
#: Arguments that carry a sentence made elsewhere in the room, which this test meets there.
HANDED_ON = {"said", "refused or _REFUSED", "str(wrong)", "report.rejected[0][2]"}


def texts(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str | None]:
    """The sentences that an expression can be, a value put in as 0; None for what cannot be told."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from texts(one, constants)
            yield from texts(other, constants)
        case ast.Name(id=name) if name in constants:
            yield from texts(constants[name], constants)
        case _:
            yield None if ast.unparse(node) not in HANDED_ON else "有 is"


def refusals() -> Iterator[tuple[str, str | None]]:
    for path in sorted(ROOM.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            name.id: node.value for node in tree.body if isinstance(node, ast.Assign)
            for name in node.targets if isinstance(name, ast.Name)
        }  # fmt: skip
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            given = call.args[-1:] if name == "_refuse" else call.args[:1] if name in SITUATIONS else []
            for argument in given:
                for text in texts(argument, constants):
                    yield f"{path.name}:{call.lineno}", text


def test_every_refusal_has_both_languages() -> None:
    found = list(refusals())
    assert len(found) > 150
    wrong = [
        (place, text)
        for place, text in found
        if text is None or one_of(text, "zh") == text or one_of(text, "en") == text or not one_of(text, "en")[:1].strip()
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("refused", "zh", "en"),
    [
        (lambda: amount_of("ten"), "“ten”不是金额（元）", "'ten' is no amount in yuan."),
        (
            lambda: check(VerdictInput("U", item_codes=("2-5",)), None),
            "无法判定的不带代码和金额",
            "What cannot be judged carries neither codes nor an amount.",
        ),
        (lambda: text_of(" ", "理由 the reason"), "理由须填写", "This needs to be written: the reason."),
        (lambda: text_of("长" * 5000, "理由 the reason"), "理由最多4000字", "At most 4000 characters: the reason."),
    ],
)
def test_a_screen_shows_the_language_asked_for(refused, zh: str, en: str) -> None:
    with pytest.raises(WrongUse) as caught:
        refused()
    assert one_of(str(caught.value), "zh") == zh
    assert one_of(str(caught.value), "en") == en
