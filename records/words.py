"""Words in Chinese and English: gettext catalogues, one a room, the English text as message id."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

_ROOMS = Path(__file__).parent.parent


def catalogue_path(room: str, language: str) -> Path:
    """Where a room keeps its catalogue of a language."""
    return _ROOMS / room / "locale" / f"{language}.po"


@cache
def catalogue(room: str, language: str) -> dict[str, str]:
    """The messages of a room in a language; messages without a translation are left out."""
    from babel.messages.pofile import read_po

    with catalogue_path(room, language).open("rb") as source:
        messages = read_po(source)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string}


def translator(room: str, language: str) -> Callable[[str], str]:
    """A gettext for a room: English gives the message id itself, an unknown message comes back as it is."""
    if language == "en":
        return str
    words = catalogue(room, language)
    return lambda message: words.get(message, message)
