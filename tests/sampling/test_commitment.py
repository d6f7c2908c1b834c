from __future__ import annotations

import hashlib

import pytest

from records.errors import VerificationFailed, WrongUse
from sampling.commitment import check_seed, checked_seed, frames_hash, new_seed, seed_hash


def test_a_new_seed_is_long_and_new():
    seeds = {new_seed() for _ in range(50)}
    assert len(seeds) == 50
    assert all(checked_seed(seed) == seed and len(seed) == 64 for seed in seeds)


@pytest.mark.parametrize("seed", ["9", "x" * 31, "x" * 20 + " " + "x" * 20, ""])
def test_a_seed_that_could_be_guessed_is_refused(seed):
    with pytest.raises(WrongUse):
        checked_seed(seed)


def test_a_seed_is_held_against_its_hash():
    check_seed("种子", hashlib.sha256("种子".encode()).hexdigest())
    with pytest.raises(VerificationFailed):
        check_seed("种子 ", seed_hash("种子"))


def test_one_hash_stands_for_all_frames():
    assert frames_hash({"B": "2", "A": "1"}) == hashlib.sha256(b"A 1\nB 2\n").hexdigest()
    assert frames_hash({"A": "1", "B": "2"}) != frames_hash({"A": "2", "B": "1"})
