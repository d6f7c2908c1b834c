"""Seed and frames bound before either is shown: the seed's hash first, then the frames' hashes, then the seed.

Whoever draws can then choose neither the frame for a seed nor the seed for a frame.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from records.errors import VerificationFailed, WrongUse

#: Shorter seeds could be found from their hash by trying.
LEAST_LENGTH = 32


def new_seed() -> str:
    """A seed of 256 random bits, in hex."""
    return secrets.token_hex(32)


def checked_seed(seed: str) -> str:
    """A seed that may be committed to. Raises WrongUse when it is too short or holds blanks."""
    if len(seed) < LEAST_LENGTH or seed != "".join(seed.split()):
        raise WrongUse(f"A committed seed needs at least {LEAST_LENGTH} characters without blanks: leave --seed out for one.")
    return seed


def seed_hash(seed: str) -> str:
    """SHA-256 of the seed's UTF-8 text, in hex: what is published first."""
    return hashlib.sha256(seed.encode()).hexdigest()


def frames_hash(hashes: Mapping[str, str]) -> str:
    """One hash for the frames of all institutions: SHA-256 of lines ``code SHA-256``, by code."""
    lines = "".join(f"{code} {hashes[code]}\n" for code in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


def check_seed(seed: str, committed: str) -> None:
    """Raises VerificationFailed when a seed is not the one whose hash was published."""
    if seed_hash(seed) != committed:
        raise VerificationFailed("The seed is not the one whose hash was published: look for the file that was changed.")
