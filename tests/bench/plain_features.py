"""Fifteen of the prescription features as one would write them in pandas, on one machine and in one process.

``python -m tests.bench.plain_features SNAPSHOT OUT``: reads the snapshot of a quarter without look-back and writes
one Parquet file, one row a prescription that does not net to zero. With a third argument, ``thirteen``, it leaves
out the two that count different places and prescribers in a moving window, which pandas does a group at a time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

BEGIN = pd.Timestamp("2026-07-01")
DRUGS = ("101", "102", "103", "104")
FEATURES = (
    "total_amount", "n_lines", "n_drugs", "amount_to_peers", "top_line_share", "n_diagnoses", "days_max", "dose_to_ddd",
    "person_rx_30d", "person_amount_90d", "person_gap_days", "person_institutions_90d", "person_prescribers_90d",
    "prescriber_day", "indication_least",
)  # fmt: skip


def _standing(folder: Path) -> pd.DataFrame:
    """Fee lines with their settlement's person and place, less those of reversed settlements and refunded items."""
    settlements = pd.read_parquet(folder / "settlement.parquet")
    lines = pd.read_parquet(folder / "fee_line.parquet")
    lines = lines.merge(settlements[["setl_id", "psn_no", "refd_setl_flag", "orig_setl_id"]], on="setl_id")
    back = lines[lines["cnt"] < 0].assign(setl_id=lambda f: f["orig_setl_id"].fillna(f["setl_id"]))
    pool = back.groupby(["setl_id", "hilist_code"])["cnt"].sum().rename("back").reset_index()
    lines = lines[(lines["cnt"] > 0) & (lines["refd_setl_flag"] == 0)].merge(pool, on=["setl_id", "hilist_code"], how="left")
    lines["net_cnt"] = lines["cnt"].astype(float) + lines["back"].astype(float).fillna(0)
    lines = lines[lines["net_cnt"] > 0]
    lines["amount"] = (lines["net_cnt"] * lines["pric"].astype(float)).round(2)
    return lines


def _days(group: pd.DataFrame, column: str) -> pd.Series:
    """How many different values of a column the last 90 days hold, a prescription at a time."""
    codes = group[column].astype("category").cat.codes
    indexed = pd.Series(codes.to_numpy(dtype=float), index=group["prsc_time"].dt.normalize())
    rolled = indexed.rolling("91D").apply(lambda window: len(np.unique(window)), raw=True)
    return pd.Series(rolled.to_numpy(), index=group.index)


def _of_person(rx: pd.DataFrame, every: bool) -> pd.DataFrame:
    """The person's prescriptions before each of them."""
    rx = rx.sort_values(["psn_no", "prsc_time", "rxno"]).reset_index(drop=True)
    dated = rx.assign(date=rx["prsc_time"].dt.normalize())
    rolled = dated.groupby("psn_no").rolling("31D", on="date")["total_amount"].count()
    rx["person_rx_30d"] = rolled.to_numpy() - 1
    rx["person_amount_90d"] = dated.groupby("psn_no").rolling("91D", on="date")["total_amount"].sum().to_numpy()
    rx["person_gap_days"] = dated.groupby("psn_no")["date"].diff().dt.days
    if not every:
        return rx
    groups = rx.groupby("psn_no", group_keys=False)[["prsc_time", "fixmedins_code", "dr_codg"]]
    rx["person_institutions_90d"] = groups.apply(_days, "fixmedins_code")
    rx["person_prescribers_90d"] = groups.apply(_days, "dr_codg")
    return rx


def _indication(rx: pd.DataFrame, drug_lines: pd.DataFrame, diagnoses: pd.DataFrame) -> pd.Series:
    """The least usual class of drugs for the diagnoses: log lift, the prescription itself left out."""
    tagged = rx[["rxno", "mdtrt_id"]].merge(diagnoses.assign(tag=diagnoses["diag_code"].str[:3]), on="mdtrt_id")
    tagged = tagged[["rxno", "tag"]].drop_duplicates()
    classes = drug_lines[["rxno", "class4"]].drop_duplicates()
    both = classes.merge(tagged, on="rxno")
    counted = both.groupby(["class4", "tag"]).size().rename("n_both").reset_index()
    known = tagged["rxno"].nunique()
    with_class = classes[classes["rxno"].isin(tagged["rxno"])].groupby("class4")["rxno"].nunique()
    with_tag = tagged.groupby("tag")["rxno"].nunique()
    expected = (counted["class4"].map(with_class) - 1) * (counted["tag"].map(with_tag) - 1) / max(known - 1, 1)
    counted["lift"] = np.log(counted["n_both"] / (expected + 1))
    best = both.merge(counted, on=["class4", "tag"]).groupby(["rxno", "class4"])["lift"].max()
    return best.groupby("rxno").min()


def features(folder: Path, every: bool) -> pd.DataFrame:
    """The fifteen features of every prescription, or the thirteen that need no group-wise window."""
    lines = _standing(folder)
    drugs = pd.read_parquet(folder / "drug.parquet")
    rx = pd.read_parquet(folder / "prescription.parquet")
    institutions = pd.read_parquet(folder / "institution.parquet")
    rx = rx.merge(lines.groupby("rxno")["amount"].sum().rename("total_amount"), on="rxno")
    rx = rx.merge(institutions[["fixmedins_code", "hosp_lv"]], on="fixmedins_code")
    reviewed = lines[lines["list_type"].isin(DRUGS) & lines["rxno"].notna()]
    reviewed = reviewed.merge(drugs, left_on="hilist_code", right_on="med_list_codg", suffixes=("", "_drug"))
    western = reviewed[reviewed["list_type"] != "102"].copy()
    western["class4"] = western["atc_code"].str[:5].fillna(western["drug_genname"])
    western["dose"] = western["sin_doscnt"].astype(float) / western["ddd"].astype(float)
    by_rx = reviewed.groupby("rxno")
    made = pd.DataFrame({"n_lines": by_rx.size(), "top_line_share": by_rx["amount"].max() / by_rx["amount"].sum()})
    made["n_drugs"] = western.groupby("rxno")["drug_genname"].nunique()
    made["days_max"] = western.assign(days=western["prd_days"].astype(float)).groupby("rxno")["days"].max()
    made["dose_to_ddd"] = western.groupby("rxno")["dose"].max()
    diagnoses = pd.read_parquet(folder / "diagnosis.parquet")
    made["indication_least"] = _indication(rx, western, diagnoses)
    rx = rx.merge(made, left_on="rxno", right_index=True, how="left")
    rx = rx.merge(diagnoses.groupby("mdtrt_id").size().rename("n_diagnoses"), on="mdtrt_id", how="left")
    peers = rx.groupby(["dept_codg", "hosp_lv", "setting"], dropna=False)["total_amount"]
    rx["amount_to_peers"] = rx["total_amount"] / peers.transform("median")
    rx["prescriber_day"] = rx.groupby(["dr_codg", rx["prsc_time"].dt.date])["rxno"].transform("size")
    made = _of_person(rx, every)
    return made[["rxno", *[name for name in FEATURES if name in made]]]


if __name__ == "__main__":
    found = features(Path(sys.argv[1]), every=len(sys.argv) < 4)
    found.sort_values("rxno").to_parquet(Path(sys.argv[2]), index=False)
