"""Personal data as it may be shown to those whose role does not need the real values."""

from __future__ import annotations

import hashlib
import hmac


def pseudonym(value: str, salt: str, length: int = 8) -> str:
    """A stable stand-in for a personal number. The same value and salt give the same pseudonym."""
    digest = hmac.new(salt.encode(), value.encode(), hashlib.sha256).hexdigest()
    return digest[:length].upper()


def mask_name(name: str | None) -> str:
    """A name with all but its first character hidden; empty for a missing name."""
    if not name:
        return ""
    return name[0] + "＊" * max(1, len(name) - 1)


def mask_code(code: str | None, keep: int = 2) -> str:
    """A code with all but its last characters hidden; empty for a missing code."""
    if not code:
        return ""
    return "＊" * max(1, min(6, len(code) - keep)) + code[-keep:]
