from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from records.errors import NotFound
from records.output import write_bytes
from sampling.draw import select
from sampling.frames import REDRAW_SCRIPT, before_of, export_frame, export_frames, frame_table
from sampling.notice import ORIGINS, draw_notice
from sampling.numbers import permanent_numbers
from sampling.probabilities import prepare
from sampling.rotation import Before, Rotation
from tests.sampling.designs import SHIPPED, small_design, small_frame, small_places, small_scores


def redraw(folder: Path, export, seed: str) -> list[str]:
    """The script in a process of its own, called as the notice says."""
    write_bytes(folder / export.file_name, export.csv.encode())
    write_bytes(folder / "redraw.py", export.script.encode())
    command = export.command("-").split()[1:]
    command[2] = seed
    done = subprocess.run([sys.executable, "-I", *command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split()


def table_of(frame, scores, design, seed, clues=()):
    prepared = prepare(frame, scores, clues, design)
    return frame_table(prepared, seed), select(prepared, design, seed)


def test_the_script_redraws_the_random_arm(tmp_path, frame, scores, design):
    table, sample = table_of(frame, scores, design, "一个种子 seed")
    random = sample[sample["arm"] == "random"]
    for code in ("H1", "H4"):
        export = export_frame(table, code)
        own = sorted(random.loc[random["fixmedins_code"] == code, "rxno"])
        assert redraw(tmp_path, export, "一个种子 seed") == own
        assert export.n == len(own)


@pytest.mark.parametrize("name", [path.stem for path in SHIPPED])
def test_the_script_redraws_every_kind_of_design(tmp_path, name):
    frame, design = small_frame(), small_design(name, tmp_path)
    for seed in ("first", "second"):
        prepared = prepare(frame, small_scores(frame), {"H1-00"}, design, small_places())
        table, sample = frame_table(prepared, seed), select(prepared, design, seed)
        random = sample[sample["arm"] == "random"]
        exports = {export.code: export for export in export_frames(table)}
        assert sorted(exports) == sorted(set(frame["fixmedins_code"]))
        for code, export in exports.items():
            assert export == export_frame(table, code)
            shared = set(table.loc[table["fixmedins_code"] == code, "stratum"])
            assert set(redraw(tmp_path, export, seed)) == set(random.loc[random["stratum"].isin(shared), "rxno"])


def test_the_script_has_ten_lines_and_needs_nothing_of_ours():
    assert len(REDRAW_SCRIPT.splitlines()) == 10
    modules = [line for line in REDRAW_SCRIPT.splitlines() if "import" in line]
    assert modules == ["import csv, hashlib, hmac, sys"]


def test_numbers_that_look_like_formulas_are_redrawn_too(tmp_path, design):
    frame = pd.DataFrame({"rxno": [f"{sign}{n}" for sign in "=-+@" for n in range(30)], "fixmedins_code": "H1"})
    table, sample = table_of(frame, None, design, "s")
    export = export_frame(table, "H1")
    assert "\r\n'=0,H1" in export.csv
    assert redraw(tmp_path, export, "s") == sorted(sample["rxno"])
    assert len(sample) == 60


def test_frame_states_probability_and_hash(frame, scores, design):
    table, sample = table_of(frame, scores, design, "s")
    export = export_frame(table, "H5")
    rows = list(csv.DictReader(io.StringIO(export.csv)))
    assert list(rows[0]) == ["rxno", "stratum", "incl_prob"]
    assert len(rows) == 200
    assert {float(row["incl_prob"]) for row in rows} == {export.n / 200}
    random = sample[(sample["arm"] == "random") & (sample["fixmedins_code"] == "H5")]
    assert set(random["incl_prob"]) == {export.n / 200}
    # The hash does not depend on the seed: it is published before.
    assert export.sha256 == export_frame(table_of(frame, scores, design, "another")[0], "H5").sha256


def test_an_institution_without_prescriptions_has_no_frame(frame, design):
    with pytest.raises(NotFound):
        export_frame(table_of(frame, None, design, "s")[0], "P1")


def test_an_earlier_frame_says_who_was_drawn(tmp_path):
    frame, design = small_frame(), small_design("two_stage", tmp_path)
    prepared = prepare(frame, None, (), design, small_places())
    table = frame_table(prepared, "s")
    drawn = set(select(prepared, design, "s")["fixmedins_code"])
    before = before_of(table)
    assert {code for code, part in before.items() if part.drawn} == drawn
    assert before["H1"] == Before(1.0, True)
    assert before["V1"].first == 0.25
    assert before_of(frame)["V1"] == Before(1.0, True)


def test_the_notice_of_a_new_year_tells_the_chance_that_the_number_is_held_against(tmp_path):
    frame, design = small_frame(), small_design("two_stage", tmp_path)
    last = {code: Before(1.0, code == "V1", 0.25) for code in ("V1", "V2", "V3", "V4")}
    prepared = prepare(frame, None, (), design, small_places(), Rotation(last=last))
    for number in range(12):
        table = frame_table(prepared, f"s{number}")
        for code, chance in (("V1", "0"), ("V2", "0.333333")):
            export = export_frame(table, code)
            text = draw_notice(export, "某", "2027Q1", "ab12", "committed", "s", "m")
            assert f"given those before: {chance}；" in text
            (own,) = permanent_numbers(f"s{number}", "institution", [code])
            assert export.drawn == (own / 2.0**64 < export.chance)
            assert export.prob == 0.25
    older = export_frame(table.drop(columns="institution_chance"), "V1")
    assert older.chance == 0.25


def test_the_notice_says_all_that_is_needed_and_no_seed_before_its_time(tmp_path):
    frame, design = small_frame(), small_design("two_stage", tmp_path)
    table = frame_table(prepare(frame, None, (), design, small_places()), "the seed itself")
    export = export_frame(table, "V1")
    sealed = draw_notice(export, "某村卫生室", "2026Q3", "ab12", "committed", None, "H9 0a1b2c3d")
    opened = draw_notice(export, "某村卫生室", "2026Q3", "ab12", "committed", "the seed itself", "H9 0a1b2c3d")
    for text in (sealed, opened):
        assert REDRAW_SCRIPT in text
        assert export.sha256 in text
        assert "ab12" in text
        assert "0.25" in text
        assert "接收标记 recipient mark: H9 0a1b2c3d" in text
    assert "the seed itself" not in sealed
    assert "`the seed itself`" in opened
    assert f"| V1 | 6 | {export.n} |" in opened


def test_the_notice_claims_a_published_hash_only_where_one_was_published(frame, design):
    export = export_frame(table_of(frame, None, design, "s")[0], "H1")
    said = {origin: draw_notice(export, "甲", "2026Q3", "ab12", origin, "s", "H9 0a1b2c3d") for origin in ORIGINS}
    claim = ("（先于抽样框公布）", "(published before the frame)")
    words = {"committed": claim, "given": ("经办机构给定", "given by"), "derived": ("抽样方案推出", "follows from")}
    assert set(words) == set(said)
    for origin, text in said.items():
        assert all(word in text for word in words[origin])
        assert any(word in text for word in claim) == (origin == "committed")
