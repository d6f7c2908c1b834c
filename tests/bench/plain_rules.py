"""Six of the rules as one would write them in pandas, on one machine and in one process.

``python -m tests.bench.plain_rules SNAPSHOT OUT``: reads the snapshot of a quarter and writes one Parquet file, one row a
finding: rule, prescription, fee line, evidence in words.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from tests.bench.plain_features import _standing

RULES = ("drug-age-limit", "drug-sex-limit", "rx-days", "rx-duplicate", "rx-many-drugs", "rx-vague-use")
_CLASSES = Path(__file__).resolve().parents[2] / "basis" / "knowledge_tables" / "knowledge_class.csv"


def _tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Standing lines with drug and person, and prescriptions that have any."""
    lines = _standing(folder)
    lines = lines.drop(columns="psn_no").merge(
        pd.read_parquet(folder / "settlement.parquet")[["setl_id", "psn_no", "med_type"]]
    )
    drugs = pd.read_parquet(folder / "drug.parquet").rename(columns={"chrgitm_lv": "drug_lv"})
    lines = lines.merge(drugs, left_on="hilist_code", right_on="med_list_codg", how="left")
    lines = lines.merge(pd.read_parquet(folder / "person.parquet")[["psn_no", "gend", "brdy"]], on="psn_no")
    rx = pd.read_parquet(folder / "prescription.parquet")
    rx = rx[rx["prsc_time"] >= "2026-07-01"].merge(lines.groupby("rxno")["med_type"].min().reset_index(), on="rxno")
    by_type = rx["med_type"].map(lambda kind: "2" if kind.startswith("13") else "3" if kind.startswith("2") else "1")
    rx["setting"] = rx["setting"].fillna(by_type)
    return lines, rx


def _limits(lines: pd.DataFrame) -> list[pd.DataFrame]:
    paid = lines[lines["chrgitm_lv"].fillna(lines["drug_lv"]) != "03"]
    sex = paid[paid["sex_limit"].notna() & (paid["sex_limit"] != paid["gend"])].copy()
    sex["words"] = sex.apply(lambda row: f"{row.drug_genname} 限 {row.sex_limit}，患者为 {row.gend}", axis=1)
    age = (paid["fee_ocur_time"].dt.normalize() - pd.to_datetime(paid["brdy"])).dt.days
    young = paid.assign(age=age)[(age < paid["age_min_days"]) | (age > paid["age_max_days"])].copy()
    young["words"] = young.apply(lambda row: f"{row.drug_genname} 年龄 {row.age} 天", axis=1)
    return [sex.assign(rule="drug-sex-limit"), young.assign(rule="drug-age-limit")]


def _days(folder: Path, lines: pd.DataFrame, rx: pd.DataFrame) -> pd.DataFrame:
    opsp = pd.read_parquet(folder / "opsp_registration.parquet")
    held = rx[["rxno", "psn_no", "prsc_time"]].merge(opsp, on="psn_no")
    date = held["prsc_time"].dt.normalize()
    live = (pd.to_datetime(held["begndate"]) <= date) & (pd.to_datetime(held["enddate"]).fillna(date) >= date)
    registered = set(held.loc[live, "rxno"])
    diagnosis = pd.read_parquet(folder / "diagnosis.parquet")
    tuberculosis = set(diagnosis.loc[diagnosis["diag_code"].str.match(r"A1[5-9]"), "mdtrt_id"])
    open_rx = rx[
        rx["setting"].isin(["1", "2"]) & (rx["ext_reason"].fillna("") == "") & ~rx["mdtrt_id"].isin(tuberculosis)
    ].copy()
    longer = (open_rx["long_rx_flag"] == 1) | open_rx["med_type"].str.startswith("14") | open_rx["rxno"].isin(registered)
    open_rx["most"] = longer.map({True: 84, False: 7}).where(open_rx["setting"] == "1", 3)
    found = lines.merge(open_rx[["rxno", "most"]], on="rxno")
    found = found[found["prd_days"].astype(float) > found["most"]].copy()
    found["words"] = found.apply(lambda row: f"供药 {row.prd_days} 天，上限 {row.most} 天", axis=1)
    return found.assign(rule="rx-days")


def _drugs(lines: pd.DataFrame, rx: pd.DataFrame) -> list[pd.DataFrame]:
    mine = lines.merge(rx[["rxno", "setting"]], on="rxno")
    kinds = mine[mine["setting"].isin(["1", "2"]) & (mine["list_type"] != "102")].groupby("rxno")["drug_genname"].nunique()
    many = kinds[kinds > 5].reset_index()
    many["words"] = many.apply(lambda row: f"药品 {row.drug_genname} 种", axis=1)
    same = []
    for entry in pd.read_csv(_CLASSES).itertuples():
        member = mine[mine["atc_code"].str.startswith(entry.atc_prefix, na=False)]
        codes = member.groupby("rxno")["atc_code"].nunique()
        names = member[member["rxno"].isin(codes[codes > 1].index)].groupby("rxno")["drug_genname"].agg(set)
        same.append(names.map(lambda drugs, zh=entry.zh: f"{zh}：{'、'.join(sorted(drugs))}").rename("words").reset_index())
    return [many.assign(rule="rx-many-drugs"), pd.concat(same).assign(rule="rx-duplicate")]


def main(folder: Path, out: Path) -> None:
    """All six, written."""
    lines, rx = _tables(folder)
    vague = rx[rx["usage_text"].fillna("").str.contains("遵医嘱|自用")].copy()
    vague["words"] = vague.apply(lambda row: f"用法含糊：{row.usage_text}", axis=1)
    parts = [*_limits(lines), _days(folder, lines, rx), *_drugs(lines, rx), vague.assign(rule="rx-vague-use")]
    found = pd.concat(parts)[["rule", "rxno", "feedetl_sn", "words"]]
    found.sort_values(["rule", "rxno", "feedetl_sn"]).to_parquet(out, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
