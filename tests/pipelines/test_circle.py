"""The full circle from the command line alone, and the second quarter with the new champion."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def circled(city: Any, first_run: Path, command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WORK after cases export, verdicts of simulated experts, assess, train, promote and the second run."""
    base = tmp_path_factory.mktemp("circle")
    work = base / "work"
    shutil.copytree(first_run, work)
    cases, verdicts = base / "cases.csv", base / "verdicts.csv"
    command("cases", "export", "--quarter", "2026Q2", "--to", cases, "--work", work)
    experts = ["simulator.experts", "--cases", cases, "--truth", city.second / "truth", "--out", verdicts]
    subprocess.run([sys.executable, "-m", *map(str, experts)], cwd=ROOT, check=True)
    command("cases", "import-verdicts", verdicts, "--work", work)
    command("assess", "--quarter", "2026Q2", "--work", work, "--out", base / "results")
    command(
        "train", "--data", city.third, "--quarter", "2026Q3", "--target", "unreasonable",
        "--grain", "prescription", "--labels", "store", "--work", work,
    )  # fmt: skip
    command("models", "promote", "unreasonable@prescription", "--approved-by", "李主任", "--work", work,
            "--override", "first verdicts of the panel")  # fmt: skip
    command("run", "--data", city.third, "--quarter", "2026Q3", "--work", work, "--capacity", "80")
    return base


def test_the_second_quarter_is_scored_by_the_new_champion(circled: Path) -> None:
    scores = pd.read_parquet(circled / "work" / "2026Q3" / "scores_prescription.parquet")
    mine = scores[scores.target == "unreasonable"]
    assert set(mine.label_source) == {"store"}
    before = pd.read_parquet(circled / "work" / "2026Q2" / "scores_prescription.parquet")
    assert set(mine.model_version).isdisjoint(before.model_version)


def test_training_leaves_its_out_of_fold_scores(circled: Path) -> None:
    folder = circled / "work" / "training" / "unreasonable_prescription"
    frame = pd.read_parquet(folder / "out_of_fold.parquet")
    assert {"rxno", "as_of", "label", "score"} <= set(frame.columns)
    assert frame.score.between(0, 1).all()
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def test_importing_the_same_verdicts_again_changes_nothing(circled: Path, command: Command) -> None:
    work = circled / "work"
    before = circled / "before.csv"
    command("assess", "--quarter", "2026Q2", "--work", work, "--out", circled / "again")
    command("cases", "import-verdicts", circled / "verdicts.csv", "--work", work)
    command("assess", "--quarter", "2026Q2", "--work", work, "--out", circled / "third")
    del before
    names = ["institution_estimates.csv", "institution_scores.csv", "score_lines.csv"]
    for name in names:
        assert (circled / "again" / name).read_bytes() == (circled / "third" / name).read_bytes()


def test_estimates_rest_on_the_random_arm(circled: Path) -> None:
    estimates = pd.read_csv(circled / "results" / "institution_estimates.csv")
    sample = pd.read_parquet(circled / "work" / "2026Q2" / "sample.parquet")
    random = sample[sample.arm == "random"].groupby("fixmedins_code").size()
    hospitals = estimates.set_index("fixmedins_code").n_random
    for code, count in random.items():
        assert hospitals[code] == count
    assert (estimates.rate_low90.fillna(0) <= estimates.unreasonable_rate.fillna(0) + 1e-9).all()
    assert (estimates.rate_high90.fillna(1) >= estimates.unreasonable_rate.fillna(0) - 1e-9).all()


def test_a_quarter_with_open_cases_keeps_its_draw(circled: Path, city: Any, command: Command) -> None:
    work = circled / "work"
    drawn = (work / "2026Q3" / "sample.parquet").read_bytes()
    command("run", "--data", city.third, "--quarter", "2026Q3", "--work", work, "--capacity", "60", "--seed", "9")
    assert (work / "2026Q3" / "sample.parquet").read_bytes() == drawn


def test_the_log_verifies_and_every_read_command_answers(circled: Path, command: Command) -> None:
    work = circled / "work"
    command("audit", "verify", "--work", work, "--out", circled / "results")
    for arguments in (
        ("models", "list"), ("models", "compare"), ("basis", "list"), ("cases", "list"), ("leads", "list"),
        ("sample", "plan"),
    ):  # fmt: skip
        assert command(*arguments, "--work", work).stdout.strip()
    sample = pd.read_parquet(work / "2026Q2" / "sample.parquet")
    for code in (sample.rxno.iloc[0], sample.fixmedins_code.iloc[0]):
        assert code in command("explain", code, "--quarter", "2026Q2", "--work", work).stdout


def test_the_watch_tells_a_scheduler_by_its_exit_code(circled: Path, command: Command) -> None:
    work = circled / "work"
    done = command("models", "watch", "--quarter", "2026Q2", "--work", work, check=False)
    content = json.loads((work / "watch" / "2026Q2.json").read_text(encoding="utf-8"))
    models = {entry["model"]: entry for entry in content["models"]}
    levels = {entry["level"] for entry in models.values()}
    assert done.returncode == (14 if "large" in levels else 13 if "notice" in levels else 0)
    assert all(entry["model_version"] and entry["model"] in done.stdout for entry in models.values())
    # The new champion was trained on these verdicts, so they are no test of it; the other one never saw them.
    assert models["unreasonable@prescription"]["n_verdicts"] == 0
    assert models["fraud@prescription"]["n_verdicts"] > 50


def test_why_shows_the_same_sentences_and_numbers_as_the_reasons(circled: Path, command: Command) -> None:
    work, name = circled / "work", "unreasonable@prescription"
    reasons = pd.read_parquet(work / "2026Q3" / "reasons_prescription.parquet")
    mine = reasons[reasons.target == "unreasonable"]
    code = mine.rxno.iloc[0]
    mine = mine[mine.rxno == code]
    said = command("models", "why", name, code, "--work", work, "--picture", circled / "why.png").stdout
    places = [said.index(f"{row.contribution:+.4f} {row.reason_zh} / {row.reason_en}") for row in mine.itertuples()]
    assert places == sorted(places)
    assert said.index("如同常") < places[0]
    assert (circled / "why.png").read_bytes().startswith(b"\x89PNG")
    explained = command("explain", code, "--quarter", "2026Q3", "--work", work).stdout
    assert all(row.reason_zh in explained for row in mine.itertuples())


@pytest.mark.parametrize(("grain", "key"), [("person", "psn_no"), ("institution", "fixmedins_code")])
def test_why_has_words_for_what_prescriptions_say_of_a_subject(circled: Path, command: Command, grain: str, key: str) -> None:
    work = circled / "work"
    reasons = pd.read_parquet(work / "2026Q3" / f"reasons_{grain}.parquet")
    code = reasons.loc[reasons.feature.str.startswith("fed_"), key].iloc[0]
    mine = reasons[(reasons[key] == code) & (reasons.target == "fraud")]
    said = command("models", "why", f"fraud@{grain}", code, "--work", work).stdout
    assert all(f"{row.contribution:+.4f} {row.reason_zh} / {row.reason_en}" in said for row in mine.itertuples())
    assert "fed_" not in said


def test_labels_of_a_folder_train_and_those_that_say_nothing_here_are_counted(
    circled: Path, city: Any, command: Command, tmp_path: Path
) -> None:
    work, folder = tmp_path / "work", tmp_path / "labels"
    shutil.copytree(circled / "work", work)
    folder.mkdir()
    told = pd.read_parquet(city.third / "past_verdict.parquet")
    told.assign(incl_prob=told.incl_prob.where(told.index > 0, 7.0)).to_csv(folder / "past_verdict.csv", index=False)
    train = ("train", "--data", city.third, "--quarter", "2026Q3", "--target", "unreasonable", "--grain", "prescription",
             "--labels", folder, "--work", work)  # fmt: skip
    done = command(*train)
    assert "unreasonable@prescription challenger" in done.stdout
    assert "labels past_verdict" in done.stdout
    assert "incl_prob of 1 rows is no probability" in done.stderr
    told.assign(rxno="X" + told.rxno).to_csv(folder / "past_verdict.csv", index=False)
    refused = command(*train, check=False)
    assert refused.returncode == 4
    assert f"Of {len(told)} labels {len(told)} name no prescription of the data" in refused.stderr


#: Runs the code cells of a notebook in order, in one name space; says what some of the names hold then.
NOTEBOOK = """
import json, sys
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
space = {}
for cell in cells:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), sys.argv[1], "exec"), space)
told = space["reasons"].groupby("rxno")["contribution"].sum() - space["themes"].groupby("rxno")["contribution"].sum()
print(json.dumps({"refused": space["refused"], "same": space["champion"].version == space["trained"].version,
                  "rows": len(space["measured"]), "gap": float(told.abs().max())}))
"""


def test_the_notebook_goes_from_verdicts_to_a_promoted_model(circled: Path, tmp_path: Path) -> None:
    work, page = tmp_path / "work", ROOT / "docs" / "models.ipynb"
    shutil.copytree(circled / "work", work)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RXPANEL_", "MLFLOW_"))}
    environment = {**clean, "RXPANEL_WORK": str(work), "RXPANEL_LABELLED": "2026Q2", "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", NOTEBOOK, str(page)]
    done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert "second person" in said["refused"]
    assert said["same"]
    assert said["rows"] >= 3
    assert said["gap"] < 1e-6
    assert {path.name for path in tmp_path.iterdir()} == {"work"}


def test_who_trained_cannot_promote_and_all_of_it_is_logged(circled: Path, command: Command) -> None:
    work = circled / "work"
    with sqlite3.connect(work / "panel.db") as store:
        rows = store.execute("SELECT action, change FROM audit ORDER BY seq").fetchall()
    events = [(action, json.loads(change)) for action, change in rows if action.startswith(("challenger", "model"))]
    (trained, first), (promoted, second) = events
    assert (trained, promoted) == ("challenger trained", "model promoted")
    assert first["to"] == second["to"]
    assert second["trained_by"] == [first["trained_by"]]
    assert second["approved_by"] == "李主任"


def test_each_rule_shows_what_verdicts_made_of_it(circled: Path, command: Command) -> None:
    out = circled / "upheld.csv"
    said = command("basis", "upheld", "--work", circled / "work", "--out", out)
    frame = pd.read_csv(out)
    judged = frame[frame.judged > 0]
    assert len(judged) >= 3
    assert (judged.upheld <= judged.judged).all()
    assert (judged.rate_low90 <= judged.upheld_rate + 1e-9).all()
    assert (judged.rate_high90 >= judged.upheld_rate - 1e-9).all()
    assert judged.upheld_rate.is_monotonic_increasing
    assert frame[frame.judged == 0].upheld_rate.isna().all()
    name = judged.rule_id.iloc[0]
    assert name in said.stdout
    if not name.startswith("kp-"):
        shown = command("basis", "show", name, "--work", circled / "work").stdout
        assert f"{judged.upheld.iloc[0]} of {judged.judged.iloc[0]} judged" in shown
