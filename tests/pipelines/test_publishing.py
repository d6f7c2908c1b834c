"""Seed and frames bound before either is shown, from the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from pipelines.sampling import seed_of
from records.errors import NotFound, VerificationFailed, WrongUse
from records.periods import Quarter
from records.workplace import Workplace
from sampling.design import load_design


@pytest.fixture
def work(first_run: Path, tmp_path: Path) -> Path:
    shutil.copytree(first_run, tmp_path / "work")
    return tmp_path / "work"


def test_frames_first_then_the_seed_and_anyone_redraws(work: Path, tmp_path: Path, command: Any) -> None:
    out = tmp_path / "frames"
    early = command("sample", "reveal", "--work", work, check=False)
    assert early.returncode == 2
    assert "publish" in early.stderr
    printed = command("sample", "publish", "--work", work, "--out", out).stdout
    listed = pd.read_csv(out / "frames.csv")
    facts = json.loads((out / "frames.json").read_text(encoding="utf-8"))
    lines = "".join(f"{row.fixmedins_code} {row.sha256}\n" for row in listed.sort_values("fixmedins_code").itertuples())
    assert facts["frames_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert facts["frames_sha256"] in printed
    for row in listed.itertuples():
        assert hashlib.sha256((out / row.file).read_bytes()).hexdigest() == row.sha256
    design = json.loads((work / "2026Q2" / "run.json").read_text(encoding="utf-8"))["design"]
    assert not any(design["seed"] in path.read_text(encoding="utf-8") for path in out.iterdir())
    assert design["seed"] in command("sample", "reveal", "--work", work, "--out", out).stdout
    # Published again, everything is the same.
    command("sample", "publish", "--work", work, "--out", tmp_path / "again")
    assert (tmp_path / "again" / "frames.json").read_bytes() == (out / "frames.json").read_bytes()

    sample = pd.read_parquet(work / "2026Q2" / "sample.parquet")
    random = sample[sample["arm"] == "random"]
    assert set(listed["fixmedins_code"]) == set(random["fixmedins_code"])
    for code in listed["fixmedins_code"]:
        notice = (out / f"notice_{code}.md").read_text(encoding="utf-8")
        assert "种子由季度和抽样方案推出" in notice
        assert "先于抽样框公布" not in notice
        script = notice.split("```python\n")[1].split("\n```")[0]
        call = notice.split("```sh\n")[1].split("\n```")[0].split()
        (tmp_path / "own.py").write_text(script, encoding="utf-8")
        arguments = [sys.executable, "-I", tmp_path / "own.py", *call[2:]]
        got = subprocess.run(arguments, cwd=out, capture_output=True, text=True, check=True).stdout.split()
        assert got == sorted(random.loc[random["fixmedins_code"] == code, "rxno"])
    command("audit", "verify", "--work", work)


def test_one_institution_s_frame_comes_with_the_command_that_redraws_it(work: Path, tmp_path: Path, command: Any) -> None:
    sample = pd.read_parquet(work / "2026Q2" / "sample.parquet")
    code = sample["fixmedins_code"].iloc[0]
    printed = command("sample", "export-frame", code, "--work", work, "--out", tmp_path / "one").stdout.splitlines()
    assert hashlib.sha256((tmp_path / "one" / f"frame_{code}.csv").read_bytes()).hexdigest() == printed[0].split()[-1]
    got = subprocess.run([sys.executable, "-I", *printed[1].split()[1:]], capture_output=True, text=True, check=True)
    own = sample[(sample["fixmedins_code"] == code) & (sample["arm"] == "random")]
    assert got.stdout.split() == sorted(own["rxno"])


def test_a_frame_changed_after_it_was_published_is_found(work: Path, tmp_path: Path, command: Any) -> None:
    command("sample", "publish", "--work", work, "--out", tmp_path / "frames")
    path = work / "2026Q2" / "frame.parquet"
    pd.read_parquet(path).iloc[1:].to_parquet(path)
    done = command("sample", "reveal", "--work", work, check=False)
    assert done.returncode == VerificationFailed.exit_code
    before = {path.name: path.read_bytes() for path in (tmp_path / "frames").iterdir()}
    assert command("sample", "publish", "--work", work, "--out", tmp_path / "frames", check=False).returncode == 8
    assert {path.name: path.read_bytes() for path in (tmp_path / "frames").iterdir()} == before


def test_a_seed_is_committed_once_and_before_the_run(work: Path, command: Any) -> None:
    late = command("sample", "commit", "--quarter", "2026Q2", "--work", work, check=False)
    assert late.returncode == 2
    assert "has been run" in late.stderr
    first = command("sample", "commit", "--quarter", "2026Q3", "--work", work).stdout
    again = command("sample", "commit", "--quarter", "2026Q3", "--work", work, check=False)
    assert again.returncode == 2
    folder = work / "draws" / "2026Q3"
    seed = (folder / "seed.txt").read_text(encoding="utf-8").strip()
    assert seed not in first
    assert hashlib.sha256(seed.encode()).hexdigest() in first
    assert (folder / "seed.txt").stat().st_mode & 0o077 == 0
    (folder / "commitment.json").unlink()
    gone = command("sample", "commit", "--quarter", "2026Q3", "--work", work, check=False)
    assert gone.returncode == 2
    assert "The log has a seed committed for 2026Q3" in gone.stderr
    assert (folder / "seed.txt").read_text(encoding="utf-8").strip() == seed
    short = command("sample", "commit", "--quarter", "2026Q4", "--seed", "9", "--work", work, check=False)
    assert short.returncode == 2
    assert not (work / "draws" / "2026Q4").exists()


def test_a_run_takes_the_committed_seed_and_no_other(work: Path, command: Any) -> None:
    design = load_design()

    def run(seed: str | None, quarter: str) -> Any:
        source = SimpleNamespace(quarter=Quarter.parse(quarter))
        return SimpleNamespace(source=source, draw=SimpleNamespace(seed=seed), workplace=Workplace(work))

    assert seed_of(run(None, "2026Q3"), design)[1] == "derived"
    assert seed_of(run("9", "2026Q3"), design) == ("9", "given")
    command("sample", "commit", "--quarter", "2026Q3", "--work", work)
    path = work / "draws" / "2026Q3" / "seed.txt"
    seed = path.read_text(encoding="utf-8").strip()
    assert seed_of(run(None, "2026Q3"), design) == seed_of(run(seed, "2026Q3"), design) == (seed, "committed")
    with pytest.raises(WrongUse):
        seed_of(run("9", "2026Q3"), design)
    path.write_text("another", encoding="utf-8")
    with pytest.raises(VerificationFailed):
        seed_of(run(None, "2026Q3"), design)
    path.unlink()
    with pytest.raises(NotFound):
        seed_of(run(None, "2026Q3"), design)


def test_a_plan_says_what_fits_and_draws_it(work: Path, tmp_path: Path, command: Any) -> None:
    chart = tmp_path / "plan.svg"
    shown = command("sample", "plan", "--work", work, "--width", "0.05", "--chart", chart)
    assert "capacity needed" in shown.stdout
    assert chart.read_text(encoding="utf-8").startswith("<svg")
    refused = command("sample", "plan", "--work", work, "--capacity", "100", "--width", "0.05", "--chart", chart, check=False)
    assert refused.returncode == 9
    assert "which fits" in refused.stderr
    tiny = command("sample", "plan", "--work", work, "--capacity", "2", check=False)
    assert tiny.returncode == 9
    assert "at least" in tiny.stderr


def test_a_quarter_is_planned_before_it_ends(work: Path, tmp_path: Path, command: Any) -> None:
    chart = tmp_path / "plan.svg"
    own = command("sample", "plan", "--work", work, "--chart", chart).stdout
    shown = command("sample", "plan", "--quarter", "2026Q4", "--work", work, "--chart", chart).stdout
    said, rest = shown.split("\n", 1)
    assert "2026Q4 is planned on the frame and scores of 2026Q2" in said
    assert rest == own
    assert "on the frame of 2026Q2" in chart.read_text(encoding="utf-8")
    assert command(
        "sample", "plan", "--quarter", "2026Q3", "--from", "2026Q2", "--work", work, "--chart", chart
    ).stdout.endswith(own)
    for asked, code, word in (
        (("--quarter", "2026Q1"), 7, "run an earlier quarter"),
        (("--quarter", "2026Q3", "--from", "2026Q1"), 7, "2026Q1 has no finished run"),
        (("--quarter", "2026Q1", "--from", "2026Q2"), 2, "plan from an earlier quarter"),
    ):
        refused = command("sample", "plan", *asked, "--work", work, "--chart", chart, check=False)
        assert (refused.returncode, word in refused.stderr) == (code, True)


@pytest.mark.parametrize("name", ["bands", "two_stage", "pooled", "wards"])
def test_shipped_designs_can_be_planned_on_a_real_frame(work: Path, command: Any, name: str) -> None:
    path = Path(__file__).resolve().parents[2] / "sampling" / "designs" / f"{name}.toml"
    shown = command("sample", "plan", "--work", work, "--design", path, "--capacity", "240").stdout
    codes = pd.read_parquet(work / "2026Q2" / "frame.parquet")["fixmedins_code"].unique()
    assert all(code in shown for code in codes)


def test_a_table_of_sizes(command: Any, tmp_path: Path) -> None:
    shown = command("sample", "sizes", "--population", "10000", "--rate", "0.15", "--work", tmp_path).stdout
    assert "137" in next(line for line in shown.splitlines() if line.startswith("±5 %"))
