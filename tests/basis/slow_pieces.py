"""Rules on decoction pieces once more, in plain Python, read from their clauses and their knowledge tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from tests.basis.slow_prescriptions import Found, prescriptions
from tests.basis.slow_world import World, fen, grams, knowledge

QUARTER_BEGIN = date(2026, 7, 1)


def pieces_incompatible(world: World) -> Found:
    def named(piece: str, names: str, other_pieces: str) -> bool:
        return any(n in piece for n in names.split()) and not any(n in piece for n in other_pieces.split())

    found = set()
    for row, lines in prescriptions(world):
        pieces = [world.drug[line["med_list_codg"]]["drug_genname"] for line in lines if line["list_type"] == "102"]
        for rule in knowledge("knowledge_incompatible"):
            first, second = (
                any(named(piece, rule[side], rule["except_names"]) for piece in pieces)
                for side in ("first_name", "second_name")
            )
            if first and second:
                found.add((row["rxno"], 0))
    return found


def pieces_over_max(world: World) -> Found:
    most_of = {row["name"]: Fraction(row["most_grams"]) for row in knowledge("knowledge_piece_max")}
    found = set()
    for _, lines in prescriptions(world):
        for line in lines:
            dose, most = grams(line), most_of.get(world.drug[line["med_list_codg"]]["drug_genname"])
            if line["list_type"] == "102" and dose is not None and most is not None and dose > most:
                found.add((line["feedetl_sn"], fen(line["stake_amt"], 1 - most / dose)))
    return found


def pieces_large(world: World) -> Found:
    found = set()
    for row, lines in prescriptions(world):
        pieces = [line for line in lines if line["list_type"] == "102"]
        doses = [grams(line) for line in pieces]
        known = [dose for dose in doses if dose is not None]
        if len({line["med_list_codg"] for line in pieces}) > 20 or (len(known) == len(doses) and sum(known) > 300):
            found.add((row["rxno"], 0))
    return found


def pieces_note(world: World) -> Found:
    words = ("先煎", "后下", "包煎", "另煎", "烊化", "冲服")
    usual = {rx["fixmedins_code"] for rx in world.rx.values()
             if rx["usage_text"] and any(word in rx["usage_text"] for word in words)
             and rx["prsc_time"].date() >= QUARTER_BEGIN}  # fmt: skip
    note_of = {row["name"]: row["note"] for row in knowledge("knowledge_piece_note")}
    found = set()
    for row, lines in prescriptions(world, excused=False):
        usage = world.rx[row["rxno"]]["usage_text"]
        for line in lines:
            note = note_of.get(world.drug[line["med_list_codg"]]["drug_genname"])
            if note and usage is not None and note not in usage and row["fixmedins_code"] in usual:
                found.add((line["feedetl_sn"], 0))
    return found


RULES: dict[str, Callable[[World], Found]] = {
    "pieces-incompatible": pieces_incompatible, "pieces-over-max": pieces_over_max, "pieces-large": pieces_large,
    "pieces-note": pieces_note,
}  # fmt: skip
