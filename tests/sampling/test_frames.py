from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from records.errors import NotFound
from records.output import write_text
from sampling.draw import draw
from sampling.frames import export_frame


def redraw(folder: Path, export, seed: str) -> list[str]:
    write_text(folder / export.file_name, export.csv)
    write_text(folder / "redraw.py", export.script)
    command = [sys.executable, "-I", "redraw.py", export.file_name, seed, str(export.n)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_script_redraws_the_random_arm(tmp_path, frame, scores, design):
    sample = draw(frame, scores, set(), design, "一个种子 seed")
    random = sample[sample["arm"] == "random"]
    for code in ("H1", "H4"):
        export = export_frame(frame, design, code, scores)
        own = sorted(random.loc[random["fixmedins_code"] == code, "rxno"])
        assert redraw(tmp_path, export, "一个种子 seed") == own
        assert export.n == len(own)
    assert len(export.script.splitlines()) <= 10


def test_numbers_that_look_like_formulas_are_redrawn_too(tmp_path, design):
    frame = pd.DataFrame({"rxno": [f"{sign}{n}" for sign in "=-+@" for n in range(6)], "fixmedins_code": "H1"})
    sample = draw(frame, None, set(), design, "s")
    export = export_frame(frame, design, "H1", n_random=5)
    assert "\r\n'=0,H1" in export.csv
    drawn = redraw(tmp_path, export, "s")
    assert len(drawn) == 5
    assert set(drawn) <= set(sample["rxno"])


def test_frame_states_probability_and_hash(frame, scores, design):
    export = export_frame(frame, design, "H5", scores)
    rows = export.csv.splitlines()
    assert rows[0] == "rxno,stratum,incl_prob"
    assert len(rows) == 201
    assert float(rows[1].split(",")[2]) == export.n / 200
    assert export.sha256 == export_frame(frame, design, "H5", scores).sha256


def test_an_institution_without_prescriptions_has_no_frame(frame, design):
    with pytest.raises(NotFound):
        export_frame(frame, design, "P1")
