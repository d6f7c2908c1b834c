"""Permanent random numbers: anyone who has the seed and a prescription number gets the same number.

Source: permanent random number sampling (Ohlsson 1995), with HMAC-SHA256 in the place of a stored list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

_CHUNK = 65_536
_BLOCK = 64


def permanent_numbers(seed: str, arm: str, codes: Iterable[str]) -> Any:
    """First 8 bytes, big-endian, of HMAC-SHA256(seed, arm + ":" + rxno), one a code, as numpy uint64.

    Divided by 2^64 they are uniform on [0, 1). Integers are kept, as they compare exactly.
    """
    import numpy as np

    inner, outer = _states(seed, arm)

    def number(code: str) -> bytes:
        message, digest = inner(), outer()
        message.update(code.encode())
        digest.update(message.digest())
        first: bytes = digest.digest()[:8]
        return first

    parts = [b"".join(map(number, chunk)) for chunk in _chunks(codes)]
    return np.frombuffer(b"".join(parts), dtype=">u8").astype(np.uint64)


def _chunks(codes: Iterable[str]) -> Iterator[Sequence[str]]:
    """Codes in lists. A pandas column is read a slice at a time, as walking along it is slow and a list of it large."""
    if hasattr(codes, "iloc"):
        for start in range(0, len(codes), _CHUNK):  # type: ignore[arg-type]
            yield codes.iloc[start : start + _CHUNK].tolist()
        return
    waiting = iter(codes)
    while chunk := list(islice(waiting, _CHUNK)):
        yield chunk


def _states(seed: str, arm: str) -> tuple[Any, Any]:
    """The two hashes of RFC 2104 with the key, and the arm, already taken in: copied, they cost half of ``hmac``."""
    key = seed.encode()
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{arm}:".encode())
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
    return inner.copy, outer.copy


def default_seed(quarter: object, design_id: str) -> str:
    """The seed of a quarter and design when none is given: SHA-256 in hex, never a clock."""
    return hashlib.sha256(f"{quarter}:{design_id}".encode()).hexdigest()
