"""Labelled rows for training: labels from folder, store or findings, and the features of their quarters."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.quarter import GRAINS, Basis, Machine, QuarterTables, compute_quarter
from records.periods import Quarter
from records.snapshot import Snapshot
from records.source import parquet

if TYPE_CHECKING:
    import pandas as pd

    from models.labels import Labels
    from models.specs import ModelSpec

#: Column of the rows of prescriptions that tells the institution.
PLACE = "its_fixmedins_code"
#: Earlier quarters that weak labels are taken from; the findings of more of them say little new.
WEAK_QUARTERS = 2


_AGE = "CASE WHEN {days} < 5479 THEN '0-14' WHEN {days} < 23741 THEN '15-64' ELSE '65+' END AS by_age"
_PERSON = "p.gend AS by_sex, p.insutype AS by_insurance"
_SUBGROUPS = {
    "prescription": f"f.fixmedins_code AS {PLACE}, f.psn_no AS its_psn_no, f.dr_codg AS its_dr_codg, "
    f"{_AGE.format(days='f.age_days')}, {_PERSON}, f.hosp_lv AS by_level, i.admdvs AS by_area "
    "FROM frame f LEFT JOIN person p USING (psn_no) LEFT JOIN institution i USING (fixmedins_code)",
    "person": f"{_AGE.format(days='CAST((SELECT as_of FROM period) AS DATE) - p.brdy')}, {_PERSON}, "
    "p.insu_admdvs AS by_area FROM person p",
    "practitioner": "i.hosp_lv AS by_level, i.admdvs AS by_area FROM practitioner "
    "LEFT JOIN institution i USING (fixmedins_code)",
    "institution": "hosp_lv AS by_level, admdvs AS by_area FROM institution",
}


@dataclass
class Labelled:
    """Rows of past quarters, computed once each however many models want them."""

    snapshot: Snapshot
    quarter: Quarter
    basis: Basis
    machine: Machine
    current: QuarterTables | None = None
    _rows: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    _findings: dict[str, pd.DataFrame] = field(default_factory=dict)
    _dispensed: dict[str, pd.DataFrame] = field(default_factory=dict)
    _prescriptions: dict[str, str] | None = None
    #: Scores out of fold of models that feed others (``pipelines.feeding``).
    held_out: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Labels of a folder of their own, where there are any.
    given: Snapshot | None = None

    def prescription_quarters(self) -> dict[str, str]:
        """The quarter of every prescription in the data that was written before the as-of."""
        if self._prescriptions is None:
            import duckdb

            rows = duckdb.execute(
                "SELECT rxno, year(prsc_time), quarter(prsc_time) "
                f"FROM {parquet(self.snapshot.file('prescription'))} WHERE prsc_time < $end",
                {"end": self.quarter.as_of},
            ).fetchall()
            self._prescriptions = {rxno: str(Quarter(year, number)) for rxno, year, number in rows}
        return self._prescriptions

    def available(self) -> list[Quarter]:
        """Quarters up to the current one in which something was settled, oldest first."""
        import duckdb

        rows = duckdb.execute(
            "SELECT DISTINCT year(setl_time), quarter(setl_time) "
            f"FROM {parquet(self.snapshot.file('settlement'))} WHERE setl_time < $end",
            {"end": self.quarter.as_of},
        ).fetchall()
        return sorted(Quarter(year, number) for year, number in rows)

    def _compute(self, quarter: Quarter) -> None:
        own = self.current is not None and quarter == self.quarter
        tables = self.current if own else None
        if tables is None:
            tables = compute_quarter(self.snapshot, quarter, self.basis, self.machine)
        self._findings[str(quarter)] = tables.frame("findings")
        self._dispensed[str(quarter)] = tables.dispensed_elsewhere()
        prescribers = tables.con.sql("SELECT rxno, dr_codg FROM frame").df()
        groups_by = subgroups(tables.con)
        for grain, key in GRAINS.items():
            frame = tables.features(grain)
            frame.insert(0, "key", frame[key].astype(str))
            frame.insert(1, "quarter", str(quarter))
            groups = dict(prescribers.itertuples(index=False, name=None)) if grain == "prescription" else None
            frame.insert(2, "group", frame["key"].map(groups) if groups is not None else frame["key"])
            self._rows[str(quarter), grain] = frame.join(groups_by[grain], on="key")
        if not own:
            tables.close()

    def rows(self, quarters: list[str], grain: str) -> pd.DataFrame:
        """Rows of a grain of some quarters: key, quarter, group, the key column, as_of, features."""
        import pandas as pd

        for name in quarters:
            if (name, grain) not in self._rows:
                self._compute(Quarter.parse(name))
        return pd.concat([self._rows[name, grain] for name in sorted(quarters)], ignore_index=True)

    def findings(self, name: str) -> pd.DataFrame:
        """Findings of a quarter."""
        if name not in self._findings:
            self._compute(Quarter.parse(name))
        return self._findings[name]

    def dispensed_elsewhere(self, name: str) -> pd.DataFrame:
        """Prescriptions of a quarter that another institution charged; as ``QuarterTables.dispensed_elsewhere``."""
        if name not in self._dispensed:
            self._compute(Quarter.parse(name))
        return self._dispensed[name]

    def table(self, name: str, folder: Path | None = None) -> pd.DataFrame:
        """A label table of the snapshot, or of another folder or snapshot file."""
        import pandas as pd

        return pd.read_parquet(folder or self.snapshot.file(name))


def subgroups(con: Any) -> dict[str, pd.DataFrame]:
    """Who and where each subject of a grain is, for rates by subgroup: by key, columns that models never see.

    by_age (band of years), by_sex, by_insurance, by_level and by_area as the data code them; missing = unknown.
    """
    found = {}
    for grain, columns in _SUBGROUPS.items():
        frame = con.sql(f"SELECT {GRAINS[grain]} AS key, {columns}").df()
        found[grain] = frame.astype({"key": str}).drop_duplicates("key").set_index("key")
    return found


def labels_of_folder(labelled: Labelled, spec: ModelSpec, snapshot: Snapshot | None = None) -> Labels:
    """Labels from the label tables of a snapshot: past_verdict, or past_finding for the other grains."""
    from models.labels import INVESTIGATIONS, VERDICTS, from_investigations, from_verdicts

    source = snapshot or labelled.snapshot
    before = labelled.quarter.as_of
    if spec.grain == "prescription":
        verdicts = labelled.table("past_verdict", source.file("past_verdict"))
        return from_verdicts(verdicts, labelled.prescription_quarters(), spec, before, VERDICTS)
    findings = labelled.table("past_finding", source.file("past_finding"))
    return _available(labelled, from_investigations(findings, spec, before, INVESTIGATIONS))


def left_out(labelled: Labelled, spec: ModelSpec) -> str:
    """How many labels of the folder say nothing here, and why; empty where none is left out."""
    import pandas as pd

    source, end = labelled.given or labelled.snapshot, pd.Timestamp(labelled.quarter.as_of)
    if spec.grain == "prescription":
        told = labelled.table("past_verdict", source.file("past_verdict"))
        when, names = pd.to_datetime(told["reviewed_time"]), set(labelled.prescription_quarters())
        unknown, what = int((~told["rxno"].astype(str).isin(names)).sum()), "name no prescription of the data"
    else:
        told = labelled.table("past_finding", source.file("past_finding"))
        told = told[told["subject_type"] == spec.grain]
        when, names = pd.to_datetime(told["enddate"]), {str(quarter) for quarter in labelled.available()}
        quarters = [str(Quarter.of(day.to_pydatetime())) for day in when]
        unknown, what = sum(name not in names for name in quarters), "end in a quarter that the data do not cover"
    parts = [f"{count} {why}" for count, why in ((unknown, what), (int((when >= end).sum()), "are dated later")) if count]
    return f" Of {len(told)} labels {' and '.join(parts)}." if parts else ""


def labels_of_store(labelled: Labelled, spec: ModelSpec, url: str) -> Labels:
    """Labels from closed verdicts and outcomes of leads in the store, those given and recorded before the as-of."""
    from models.labels import STORE, from_investigations, from_verdicts
    from panel.leads import investigations
    from panel.store import open_store
    from panel.verdicts import final_verdicts

    before = labelled.quarter.as_of
    with open_store(url) as store:
        if spec.grain == "prescription":
            verdicts = final_verdicts(store, before=before)
            verdicts["incl_prob"] = verdicts["incl_prob_any"]
            return from_verdicts(verdicts, labelled.prescription_quarters(), spec, before, STORE)
        return _available(labelled, from_investigations(investigations(store, before), spec, before, STORE))


def _available(labelled: Labelled, labels: Labels) -> Labels:
    """Labels of quarters that the data cover."""
    from models.labels import Labels as Made

    names = {str(quarter) for quarter in labelled.available()}
    return Made(labels.frame[labels.frame["quarter"].isin(names)].reset_index(drop=True), labels.source)


def weak_labels(labelled: Labelled, spec: ModelSpec, judged: Labels | None = None) -> Labels:
    """Weak labels from rule findings of the quarters before the current one; with it where those are too few.

    At the prescription grain they are the chances of a label model, which also learns from the verdicts there are
    (``judged``, too few for a model of their own).
    """
    from models.labels import enough
    from models.weak import soften

    past = [quarter for quarter in labelled.available() if quarter < labelled.quarter][-WEAK_QUARTERS:]
    labels = _pointed_at(labelled, spec, past) if past else None
    if labels is None or not enough(labels, spec):
        past = [*past, labelled.quarter]
        labels = _pointed_at(labelled, spec, past)
    if spec.grain != "prescription" or labels.frame.empty:
        return labels
    rows, findings = _prescriptions_of(labelled, sorted(str(quarter) for quarter in past))
    places = labels.frame["key"].map(rows.drop_duplicates("key").set_index("key")[PLACE])
    return soften(labels, findings, places, spec, judged.frame if judged is not None else labels.frame.iloc[:0])


def _prescriptions_of(labelled: Labelled, names: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of prescriptions of some quarters (key, quarter, institution), and the findings of those quarters."""
    import pandas as pd

    rows = labelled.rows(names, "prescription")[["key", "quarter", PLACE]]
    return rows, pd.concat([labelled.findings(name) for name in names], ignore_index=True)


def with_rules(labelled: Labelled, spec: ModelSpec, labels: Labels) -> Labels:
    """Verdicts, and beside them what rules say of prescriptions that nobody judged, where the specification wants it."""
    from models.weak import beside_rules

    if not spec.rule_rows or labels.frame.empty:
        return labels
    rows, findings = _prescriptions_of(labelled, sorted(set(labels.frame["quarter"])))
    return beside_rules(labels, rows, findings, rows[PLACE], spec)


def _pointed_at(labelled: Labelled, spec: ModelSpec, quarters: list[Quarter]) -> Labels:
    import pandas as pd

    from models.labels import WEAK, Labels, from_findings

    names = [str(quarter) for quarter in quarters]
    frames = [from_findings(labelled.findings(name), labelled.rows([name], spec.grain), spec).frame for name in names]
    return Labels(pd.concat(frames, ignore_index=True), WEAK)
