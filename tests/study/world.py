"""A simulated city's quarters in memory: features, findings, verdicts, investigations, and the truth beside them."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from models.labels import Labels
from models.specs import ModelSpec
from models.weak import beside_rules
from pipelines.feeding import SUBJECTS, with_fed
from pipelines.gate import Source, fresh, pass_gate, snapshot_of
from pipelines.knowledge import basis_of
from pipelines.labelled import PLACE, Labelled, labels_of_folder, with_rules
from pipelines.quarter import machine_of
from records.periods import Quarter
from records.workplace import Workplace
from tests.study.cities import rxpanel

QUARTER = Quarter.parse("2026Q3")
THREADS = 2


@dataclass
class World:
    """One city seen at the end of `QUARTER`, which nobody judged yet.

    ``days``: prescriber and day of prescriptions. ``acted``: of each other grain who is in a scheme and wrote, received or
    dispensed a prescription of that scheme in the newest quarter.
    """

    seed: int
    labelled: Labelled
    truth: pd.DataFrame
    days: pd.Series
    acted: dict[str, set[str]]

    @classmethod
    def make(cls, scratch: Path, seed: int, persons: int, months: int = 6) -> World:
        city = scratch / f"city{seed}"
        asked = ("--persons", persons, "--seed", seed, "--quarter", QUARTER, "--months", months, "--out", city)
        workplace = Workplace(scratch / f"work{seed}")
        source = Source(str(city), QUARTER, THREADS, "6GB")
        rxpanel("simulate", *asked, quiet=True)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), workplace.lock():
            accepted = pass_gate(source, workplace, fresh(workplace.scratch / "study"))
            snapshot = snapshot_of(accepted, workplace)
            basis = basis_of(workplace, source.data)
        labelled = Labelled(snapshot, QUARTER, basis, machine_of(source, workplace))
        truth = pd.read_parquet(city / "truth" / "prescription.parquet").set_index("rxno")
        named = ["rxno", "prsc_time", *SUBJECTS.values()]
        written = pd.read_parquet(city / "prescription.parquet", columns=named).set_index("rxno")
        days = written["dr_codg"] + " " + written["prsc_time"].dt.strftime("%Y-%m-%d")
        known = pd.read_parquet(city / "truth" / "subject.parquet")
        new = written[written["prsc_time"] >= QUARTER.begin].join(truth["kind"])
        new = pd.concat([new, _dispensed(city, new)])
        return cls(seed, labelled, truth, days, {grain: _acted(new, known, grain) for grain in SUBJECTS})

    def quarter(self, back: int) -> str:
        """Name of a quarter, so many before the newest."""
        return str(QUARTER.shift(-back))

    def rows(self, name: str, grain: str = "prescription") -> pd.DataFrame:
        return self.labelled.rows([name], grain)

    def bad(self, keys: pd.Series, spec: ModelSpec) -> np.ndarray:
        """Whether prescriptions are truly what the model looks for, or subjects truly acted in the newest quarter."""
        if spec.grain != "prescription":
            return keys.isin(self.acted[spec.grain]).to_numpy(dtype=float)
        known = self.truth.loc[keys]
        found = known["fund_codes"].notna() if spec.target == "fraud" else known["verdict_class"] > 0
        return found.to_numpy(dtype=float)

    def truth_labels(self, name: str, spec: ModelSpec, rows: pd.DataFrame | None = None) -> Labels:
        """Labels without any mistake, of all prescriptions of a quarter or of some of its rows."""
        rows = self.rows(name) if rows is None else rows
        frame = rows[["key", "quarter"]].assign(label=self.bad(rows["key"], spec).astype(int))
        return Labels(frame.assign(weight=1.0, known=True, random=True, loss=0.0), "past_verdict")

    def beside(self, labels: Labels, name: str, spec: ModelSpec) -> Labels:
        """The labels, and beside them what rules say of the quarter's other prescriptions."""
        rows = self.rows(name)
        return beside_rules(labels, rows[["key", "quarter"]], self.labelled.findings(name), rows[PLACE], spec)

    def fed(self, spec: ModelSpec, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows for training with what models of prescriptions feed, out of fold."""
        return with_fed(self.labelled, spec, rows, lambda one: labels_of_folder(self.labelled, one), THREADS)

    def past(self, spec: ModelSpec) -> Labels:
        """Labels of earlier reviews and investigations, as they came with the data."""
        return with_rules(self.labelled, spec, labels_of_folder(self.labelled, spec))


def _dispensed(city: Path, new: pd.DataFrame) -> pd.DataFrame:
    """The new prescriptions that another institution charged, with that institution in the place of the writing one."""
    lines = pd.read_parquet(city / "fee_line.parquet", columns=["rxno", "setl_id"]).dropna().drop_duplicates()
    settled = pd.read_parquet(city / "settlement.parquet", columns=["setl_id", "fixmedins_code"])
    other = lines.merge(settled, on="setl_id")[["rxno", "fixmedins_code"]].drop_duplicates()
    other = other.merge(new.drop(columns="fixmedins_code"), left_on="rxno", right_index=True)
    return other.set_index("rxno")


def _acted(new: pd.DataFrame, known: pd.DataFrame, grain: str) -> set[str]:
    """Who is in a scheme and wrote, received or dispensed a prescription of that scheme among the new ones."""
    guilty = known[(known["subject_type"] == grain) & (known["fraud_flag"] == 1)].set_index("subject_code")["scheme"]
    mine = new[[SUBJECTS[grain], "kind"]].set_axis(["code", "kind"], axis=1)
    mine = mine.assign(scheme=mine["code"].map(guilty)).dropna()
    return {code for code, kind, scheme in mine.itertuples(index=False) if scheme in kind.split()}
