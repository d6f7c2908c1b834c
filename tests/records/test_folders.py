"""Folders that are handed out: nothing of anybody else's is lost, nothing is half-written, no leavings stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from records.errors import WrongUse
from records.folders import folder_in_place, listed, replaceable

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys, time
from pathlib import Path
from records.folders import folder_in_place
with folder_in_place(Path(sys.argv[1]), ["a.csv"]) as draft:
    (draft / "a.csv").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_only_what_an_earlier_output_left_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    replaceable(out, [])
    (out / "below").mkdir(parents=True)
    replaceable(out, [])
    (out / "below" / "a.csv").touch()
    (out / "manifest.json").write_text('{"files": {"below/a.csv": "hash"}}', encoding="utf-8")
    assert listed(out) == {"manifest.json", "below/a.csv"}
    replaceable(out, listed(out))
    (out / "thesis.docx").touch()
    with pytest.raises(WrongUse, match=r"thesis\.docx in it is no output"):
        replaceable(out, listed(out))
    with pytest.raises(WrongUse, match="no folder"):
        replaceable(out / "thesis.docx" / "further", [])
    (tmp_path / "link").symlink_to(tmp_path / "below", target_is_directory=True)
    with pytest.raises(WrongUse, match="no folder"):
        replaceable(tmp_path / "link", [])


@pytest.mark.parametrize("content", ["", "[]", '{"files": 3}', '{"name": "an app"}', "\x00"])
def test_another_program_s_manifest_makes_nothing_ours(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    assert listed(tmp_path) == set()


def _breaks_off(out: Path) -> None:
    with folder_in_place(out, ["a.csv"]) as draft:
        (draft / "a.csv").write_text("new")
        raise ZeroDivisionError


def test_a_failed_writing_leaves_the_old_folder_and_no_draft(tmp_path: Path) -> None:
    out = tmp_path / "out [1]"
    with folder_in_place(out, []) as draft:
        (draft / "a.csv").write_text("old")
    with pytest.raises(ZeroDivisionError):
        _breaks_off(out)
    assert [path.name for path in tmp_path.iterdir()] == ["out [1]"]
    assert (out / "a.csv").read_text() == "old"


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from records.folders import folder_in_place
def killed_while_removing(folder, ignore_errors=False):
    if Path(folder).exists():
        os.kill(os.getpid(), signal.SIGKILL)
with folder_in_place(Path(sys.argv[1]), ["a.csv"]) as draft:
    (draft / "a.csv").write_text("new")
    shutil.rmtree = killed_while_removing
"""


def test_a_kill_while_the_old_folder_is_removed_leaves_the_new_one_whole(tmp_path: Path) -> None:
    """Removing a large folder takes a while: what is half removed must not stand where the output is looked for."""
    out = tmp_path / "out [1]"
    out.mkdir()
    (out / "a.csv").write_text("old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out)], cwd=ROOT, check=False)
    assert killed.returncode < 0
    assert (out / "a.csv").read_text() == "new"
    with folder_in_place(out, ["a.csv"]) as draft:
        (draft / "a.csv").write_text("newest")
    assert [path.name for path in tmp_path.iterdir()] == ["out [1]"]


def test_what_a_killed_run_left_is_swept_and_a_running_one_is_let_be(tmp_path: Path) -> None:
    out = tmp_path / "out [1]"
    writers = []
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(out)]
        writers.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert writers[-1].stdout is not None
        assert writers[-1].stdout.readline() == "writing\n"
    writers[0].kill()
    writers[0].wait()
    with folder_in_place(out, []) as draft:
        (draft / "a.csv").write_text("whole")
    left = [path.name for path in tmp_path.iterdir() if path != out]
    running = writers[1].poll() is None
    writers[1].kill()
    writers[1].wait()
    assert running
    assert left == [f".out [1].building-{writers[1].pid}"]
    assert (out / "a.csv").read_text() == "whole"
