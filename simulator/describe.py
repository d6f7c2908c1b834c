"""What a simulated folder holds: ``python -m simulator.describe DIR``. Prevalence, overlap, and what simple baselines reach."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from records.asof import connect
from simulator.catalogue import parameters
from simulator.visits import INNOCENTS

_TABLES = (
    "fee_line", "drug", "diagnosis", "drug_trace", "prescription", "prescription_line", "person", "practitioner", "settlement",
    "opsp_registration",
)  # fmt: skip
_KEYS = ["rxno", "prsc_time", "psn_no", "dr_codg", "fixmedins_code", "amount"]
#: Signs that point at fraud more than at unreasonable prescribing.
_FRAUD_SIGNS = ["after_death", "code_twice", "own_name", "billed_other", "benefit_unregistered",
                "drug_charged_again", "several_a_day", "burst"]  # fmt: skip


def average_precision(label: Any, score: Any) -> float:
    """Average precision; equal scores count as one step."""
    order = np.argsort(-score, kind="stable")
    hit = label[order]
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    found = np.cumsum(hit)[ends]
    return float((np.diff(np.append(0, found)) * found / (ends + 1)).sum() / max(1, hit.sum()))


def signs(folder: Path) -> pd.DataFrame:
    """Crude signs of each prescription (``signs.sql``) beside its truth. Grain: one row a prescription."""
    con = connect()
    for table in _TABLES:
        # Rows that are there twice are a fault of the folder, not a sign.
        con.execute(f"CREATE VIEW {table} AS SELECT DISTINCT * FROM read_parquet('{folder / table}.parquet')")
    sql = (Path(__file__).parent / "signs.sql").read_text(encoding="utf-8")
    found: pd.DataFrame = con.execute(sql).df().drop_duplicates("rxno")
    truth = pd.read_parquet(folder / "truth" / "prescription.parquet")
    frame = found.merge(truth, on="rxno", how="inner")
    names = sign_names(found)
    frame[names] = frame[names].astype(bool)
    frame["bad"] = frame["verdict_class"] > 0
    frame["misuse"] = frame["fund_codes"].notna()
    frame["signs"] = frame[names].sum(axis=1)
    frame["fraud_signs"] = frame[_FRAUD_SIGNS].sum(axis=1)
    return frame


def sign_names(frame: pd.DataFrame) -> list[str]:
    """The columns that are signs."""
    return [name for name in frame.columns if name not in _KEYS]


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> list[str]:
    cells = [tuple(str(cell) for cell in row) for row in [header, *rows]]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return ["", title, *lines]


def _share(part: float, whole: float) -> str:
    return f"{100 * part / max(1, whole):.2f} %"


def _kinds(frame: pd.DataFrame) -> list[str]:
    counts = frame["kind"].dropna().str.split().explode().value_counts()
    entries = parameters()["kinds"] | parameters()["schemes"]
    rows = [
        (
            name,
            entries[name].get("fund") or entries[name]["items"],
            int(counts.get(name, 0)),
            _share(counts.get(name, 0), len(frame)),
        )
        for name in entries
        if entries[name].get("fund") or "truth" in entries[name]
    ]
    return _table("What is wrong", ("kind or scheme", "codes", "prescriptions", "share"), rows)


def _innocents(frame: pd.DataFrame) -> list[str]:
    counts = frame["innocent"].dropna().str.split().explode().value_counts()
    lists = frame["innocent"].fillna("").str.split()
    signed = {name: int((frame["signs"] > 0)[lists.map(lambda marks, one=name: one in marks)].sum()) for name in INNOCENTS}
    rows = [(name, int(counts.get(name, 0)), _share(counts.get(name, 0), len(frame)), signed[name]) for name in INNOCENTS]
    return _table("Innocent, and look guilty", ("why", "prescriptions", "share", "with a sign"), rows)


def _overlap(frame: pd.DataFrame) -> list[str]:
    rows = []
    for name in sign_names(frame.drop(columns=["signs", "fraud_signs", "bad", "misuse", *_truth_columns(frame)])):
        held = frame[frame[name]]
        rows.append((name, len(held), _share(held["bad"].sum(), len(held)), _share(held["misuse"].sum(), len(held))))
    none = frame[frame["signs"] == 0]
    rows.append(("(no sign)", len(none), _share(none["bad"].sum(), len(none)), _share(none["misuse"].sum(), len(none))))
    rows.append(("(any sign)", len(frame) - len(none), _share(frame["bad"].sum() - none["bad"].sum(), len(frame) - len(none)),
                 _share(frame["misuse"].sum() - none["misuse"].sum(), len(frame) - len(none))))  # fmt: skip
    return _table("Overlap: what crude signs say", ("sign", "prescriptions", "unreasonable", "suspected misuse"), rows)


def _truth_columns(frame: pd.DataFrame) -> list[str]:
    wanted = ("verdict_class", "item_codes", "fund_codes", "kind", "loss_amt", "innocent")
    return [name for name in wanted if name in frame.columns]


def _baselines(frame: pd.DataFrame) -> list[str]:
    rows: list[tuple[object, ...]] = []
    for target, label in (("unreasonable", "bad"), ("fraud", "misuse")):
        hit = frame[label].to_numpy(dtype=float)
        for name in ("amount", "signs", "fraud_signs"):
            value = average_precision(hit, frame[name].to_numpy(dtype=float))
            rows.append((target, name, f"{value:.3f}", f"{hit.mean():.3f}"))
    return _table("Average precision of simple rankings", ("target", "ranking", "reached", "by chance"), rows)


def _subjects(folder: Path) -> list[str]:
    subject = pd.read_parquet(folder / "truth" / "subject.parquet")
    rows: list[tuple[object, ...]] = []
    for kind, group in subject.groupby("subject_type"):
        guilty = group[group["fraud_flag"] == 1]
        schemes = " ".join(f"{name}:{number}" for name, number in sorted(guilty["scheme"].value_counts().items()))
        rows.append((kind, len(group), len(guilty), _share(len(guilty), len(group)), schemes))
    return _table("Subjects in a scheme", ("kind", "all", "in a scheme", "share", "schemes"), rows)


def describe(folder: Path) -> list[str]:
    """Lines of the description."""
    frame = signs(folder)
    persons, quarters = frame["psn_no"].nunique(), frame["prsc_time"].dt.to_period("Q").nunique()
    rows = pd.read_parquet(folder / "fee_line.parquet", columns=["cnt"])
    people = len(pd.read_parquet(folder / "person.parquet", columns=["psn_no"]))
    first = [
        f"persons {people:,} ({persons:,} with a prescription); quarters {quarters}; prescriptions {len(frame):,}; "
        f"fee lines {len(rows):,}",
        f"a person and quarter {len(frame) / people / quarters:.2f} prescriptions; "
        f"a prescription {len(rows) / len(frame):.2f} lines",
        f"unreasonable {_share(frame['bad'].sum(), len(frame))}; suspected misuse {_share(frame['misuse'].sum(), len(frame))}; "
        f"innocent with a mark {_share(frame['innocent'].notna().sum(), len(frame))}",
    ]
    return [*first, *_kinds(frame), *_innocents(frame), *_overlap(frame), *_baselines(frame), *_subjects(folder)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    sys.stdout.write("\n".join(describe(parser.parse_args().folder)) + "\n")
