"""The command line itself: help for everything, an example in each, plain sentences, exit codes."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from click import Command, Context, Group

from pipelines.main import app, main
from records.errors import NeedsMore

CONTRACT = {
    "demo",
    "simulate",
    "check",
    "run",
    "train",
    "models list",
    "models compare",
    "models promote",
    "models rollback",
    "models watch",
    "basis list",
    "basis show",
    "basis try",
    "basis publish",
    "basis load",
    "basis knowledge",
    "basis upheld",
    "experts import",
    "sample plan",
    "sample export-frame",
    "cases list",
    "cases export",
    "cases import-verdicts",
    "leads list",
    "leads export",
    "leads import-outcomes",
    "app",
    "assess",
    "explain",
    "settle",
    "audit verify",
    "backup",
    "restore",
}


def commands(group: Group, path: str = "") -> Iterator[tuple[str, Command]]:
    for name in group.list_commands(Context(group)):
        command = group.get_command(Context(group), name)
        assert command is not None
        if hasattr(command, "list_commands"):
            yield from commands(command, f"{path}{name} ")  # type: ignore[arg-type]
        else:
            yield f"{path}{name}", command


ALL = dict(commands(typer.main.get_command(app)))  # type: ignore[arg-type]


def test_every_command_of_the_contract_is_there() -> None:
    assert set(ALL) >= CONTRACT


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    assert f"Example: rxpanel {name}" in (ALL[name].help or "")


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_but_simulate_takes_work(name: str) -> None:
    options = {option for parameter in ALL[name].params for option in parameter.opts}
    assert ("--work" in options) == (name != "simulate")


def rxpanel(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'pandas', 'duckdb', 'mlflow', 'lightgbm', 'shap', 'streamlit', 'great_expectations', 'sqlalchemy'}"
    code = f"import sys, pipelines.main; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "--data", "nowhere", "--quarter", "2026Q9"), 2, "is no quarter"),
        (("run", "--data", "nowhere", "--quarter", "2026Q3"), 3, "no data folder"),
        (("run", "--data", "nowhere", "--quarter", "2026Q3", "--design", "no.toml"), 7, "no design file"),
        (("run", "--data", "nowhere", "--quarter", "2026Q3", "--engine", "abacus"), 2, "engine"),
        (("assess", "--out", "o"), 2, "--quarter or --year"),
        (("simulate", "--persons", "100", "--seed", "1", "--out", "mine"), 2, "diary.txt"),
        (("simulate", "--persons", "100", "--seed", "1", "--out", "mine/diary.txt/city"), 2, "name a folder"),
        (("simulate", "--persons", "100", "--seed", "-5", "--out", "city"), 2, "greater than or equal to 0"),
        (("simulate", "--persons", "9" * 21, "--seed", "1", "--out", "city"), 2, "less than or equal to 100000000"),
        (("check", "--data", "mine", "--quarter", "2026Q3", "--memory-limit", "-5GB"), 2, "write it like 8GB"),
        (("check", "--data", "mine", "--quarter", "2026Q3", "--threads", "999999"), 2, "less than or equal to 1024"),
        (("app", "--port", "99999"), 2, "less than or equal to 65535"),
        (("explain", "H1"), 7, "no finished run"),
        (("models", "list"), 7, "There is no model in"),
        (("models", "promote", "--all", "--approved-by", "a"), 7, "There is no work folder"),
        (("models", "rollback", "fraud@person", "--approved-by", "a"), 7, "There is no work folder"),
        (("unheard-of",), 2, "No such command"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("kept", encoding="utf-8")
    done = rxpanel(*arguments)
    assert (tmp_path / "mine" / "diary.txt").read_text(encoding="utf-8") == "kept"
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    # Who only asks makes no folder.
    assert arguments[0] != "models" or not (tmp_path / "work").exists()


def test_a_full_disk_is_said_plainly(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipelines.main.app", refused)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == NeedsMore.exit_code
    assert capsys.readouterr().err.startswith("rxpanel: The disk is full")


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken() -> None:
        raise KeyError("rxno")

    monkeypatch.setattr("pipelines.main.app", mistaken)
    with pytest.raises(KeyError, match="rxno"):
        main()
