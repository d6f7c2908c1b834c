"""The draw at a prefecture's size: 40,000 cases from 7.5 million prescriptions, opened and assigned to 300 experts.

``python -m tests.bench.draw make FOLDER`` and ``... draw FOLDER`` are processes of their own; only the second is measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from panel.cases import open_cases
from panel.exchange import import_experts
from panel.store import open_store
from records.output import csv_text, write_frame, write_json, write_text
from sampling.design import load_design
from sampling.draw import select
from sampling.frames import frame_table
from sampling.probabilities import prepare
from tests.bench.measure import Line, timed

ROWS, CASES, EXPERTS, INSTITUTIONS = 7_500_000, 40_000, 300, 900
QUARTER, SEED = "2026Q3", "a seed of the bench"
PROFESSIONS = ("insurance", "medicine", "pharmacy")


def draw_at_size() -> list[Line]:
    """From frame and scores in Parquet to sample, frame and assigned cases in an SQLite store."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        timed(["tests.bench.draw", "make", work], work)
        process = timed(["tests.bench.draw", "draw", work], work)
        told = json.loads((work / "told.json").read_text(encoding="utf-8"))
    what = f"{told['cases']:,} cases of {ROWS:,} prescriptions"
    return [
        Line(f"{what}, drawn, opened, assigned to {EXPERTS} experts", process.seconds, "s", 60),
        Line("the draw, peak memory", process.peak, "MB", 4_096),
        Line("the same, processor seconds (the wall seconds of a machine that others use say little)", process.processor, "s"),
        Line("of them: frame and scores read", told["read"], "s"),
        Line("of them: every inclusion probability", told["prepare"], "s"),
        Line("of them: permanent numbers and selection", told["select"], "s"),
        Line("of them: sample and frame written", told["write"], "s"),
        Line("of them: cases opened and assigned", told["open"], "s"),
        Line("cases with two experts", told["assigned"], "cases", least=told["cases"]),
    ]


def make(work: Path) -> None:
    """A frame of institutions of very unlike size, scores, and a store with its experts."""
    chance = np.random.default_rng(3)
    share = chance.pareto(1.1, INSTITUTIONS) + 0.05
    place = np.sort(chance.choice(INSTITUTIONS, ROWS, p=share / share.sum()))
    codes = pa.array([f"H5303{number:07d}" for number in range(INSTITUTIONS)])
    rxnos = pa.array([f"RX{QUARTER}{number:011d}" for number in chance.permutation(ROWS)])
    frame = pa.table({"rxno": rxnos, "fixmedins_code": codes.take(pa.array(place))}).sort_by("rxno")
    pq.write_table(frame, work / "frame_in.parquet")
    scores = pa.table({"rxno": frame["rxno"], "score": chance.beta(0.6, 6, ROWS), "novelty": chance.random(ROWS) ** 6})
    pq.write_table(scores, work / "scores_in.parquet")
    header = [
        "expert_id",
        "name",
        "profession",
        "specialty",
        "title",
        "institution",
        "former_institutions",
        "conflicts",
        "capacity",
    ]
    rows = [
        (f"E{number:03d}", f"专家{number}", PROFESSIONS[number % 3], "内科", "主任医师", codes[number].as_py(), "", "", "")
        for number in range(EXPERTS)
    ]
    write_text(work / "experts.csv", csv_text(header, rows))
    with open_store(f"sqlite:///{work / 'panel.db'}") as store:
        import_experts(store, work / "experts.csv", "bench")


def draw(work: Path) -> None:
    """The measured process."""
    clock = [time.process_time()]

    def lap() -> float:
        clock.append(time.process_time())
        return clock[-1] - clock[-2]

    frame, scores = pd.read_parquet(work / "frame_in.parquet"), pd.read_parquet(work / "scores_in.parquet")
    told: dict[str, float] = {"read": lap()}
    design = load_design(capacity=CASES)
    prepared = prepare(frame, scores, set(frame["rxno"][:20]), design)
    del frame, scores
    told["prepare"] = lap()
    sample = select(prepared, design, SEED)
    told["select"] = lap()
    write_frame(frame_table(prepared, SEED), work / "frame.parquet")
    write_frame(sample, work / "sample.parquet")
    del prepared
    told["write"] = lap()
    payloads = {row.rxno: _payload(row.rxno, row.fixmedins_code) for row in sample.itertuples()}
    with open_store(f"sqlite:///{work / 'panel.db'}") as store:
        report = open_cases(store, QUARTER, {"design_id": design.design_id}, sample, payloads)
    told["open"] = lap()
    write_json(work / "told.json", {**told, "cases": report.cases, "assigned": report.assigned})


def _payload(rxno: str, code: str) -> dict[str, object]:
    """As much as a case of a few lines holds."""
    lines = [{"line": n, "drug_genname": "阿莫西林胶囊", "sin_doscnt": "0.5", "used_frqu_codg": "13"} for n in range(3)]
    sealed = {"fixmedins_code": code, "dr_codg": f"D{rxno[-6:]}", "psn_no": rxno[-9:]}
    diagnoses = [{"diag_code": "J06.9", "maindiag_flag": 1}]
    return {
        "rxno": rxno,
        "prsc_time": "2026-08-12 09:30:00",
        "lines": lines,
        "diagnoses": diagnoses,
        "sealed": sealed,
        "after_blind": {"findings": []},
    }


if __name__ == "__main__":
    {"make": make, "draw": draw}[sys.argv[1]](Path(sys.argv[2]))
