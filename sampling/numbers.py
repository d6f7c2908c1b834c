"""Permanent random numbers: anyone who has the seed and a prescription number gets the same number.

Source: permanent random number sampling (Ohlsson 1995), with HMAC-SHA256 in the place of a stored list.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

_CHUNK = 65_536


def permanent_numbers(seed: str, arm: str, codes: Iterable[str]) -> Any:
    """First 8 bytes, big-endian, of HMAC-SHA256(seed, arm + ":" + rxno), one a code, as numpy uint64.

    Divided by 2^64 they are uniform on [0, 1). Integers are kept, as they compare exactly.
    """
    import numpy as np

    key, prefix, digest = seed.encode(), f"{arm}:", hmac.digest
    parts: list[bytes] = []
    chunk: list[bytes] = []
    for code in codes:
        chunk.append(digest(key, (prefix + code).encode(), "sha256")[:8])
        if len(chunk) == _CHUNK:
            parts.append(b"".join(chunk))
            chunk.clear()
    parts.append(b"".join(chunk))
    return np.frombuffer(b"".join(parts), dtype=">u8").astype(np.uint64)


def default_seed(quarter: object, design_id: str) -> str:
    """The seed of a quarter and design when none is given: SHA-256 in hex, never a clock."""
    return hashlib.sha256(f"{quarter}:{design_id}".encode()).hexdigest()
