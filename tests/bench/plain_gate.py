"""The gate's row checks as one would write them in pandas, a table at a time: the plain alternative of the benchmark."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from expectations.spelling import NULL_WORDS, is_free_text
from records.contract import Column, Table, load_contract

_WIDE = str.maketrans({chr(code + 0xFEE0): chr(code) for code in range(33, 127)} | {"\u3000": " "})
#: The tables that have the rows, each after what it refers to.
TABLES = ("institution", "person", "drug", "practitioner", "settlement", "prescription", "diagnosis", "fee_line", "drug_trace")
_NUMBERS = ("decimal", "double", "int8", "int16", "int32")


def cleaned(column: Column, values: pd.Series) -> pd.Series:
    """Text without blanks around it, plain width where it is no free text, words for nothing emptied."""
    text = values.astype("string").str.strip()
    if not is_free_text(column):
        text = text.str.translate(_WIDE)
    return text.mask(text.str.lower().isin(["", *NULL_WORDS]))


def value_faults(table: Table, frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Required values, types, codes, lengths and ranges."""
    faults: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name not in frame:
            continue
        values = frame[column.name]
        if column.kind == "string":
            values = frame[column.name] = cleaned(column, values)
            if column.length and not is_free_text(column):
                faults[f"bad_length:{column.name}"] = values.str.len() > column.length
        elif column.kind in _NUMBERS:
            numbers = frame[column.name] = pd.to_numeric(values, errors="coerce").astype("float64")
            faults[f"bad_type:{column.name}"] = values.notna() & numbers.isna()
            if column.minimum is not None:
                faults[f"bad_range:{column.name}"] = numbers < float(column.minimum)
        else:
            moments = pd.to_datetime(values, errors="coerce")
            faults[f"bad_type:{column.name}"] = values.notna() & moments.isna()
            frame[column.name] = moments
        if not column.nullable:
            faults[f"missing_required:{column.name}"] = values.isna()
        if column.closed:
            faults[f"bad_code:{column.name}"] = values.notna() & ~values.astype("string").isin(list(column.codes))
    return faults


def key_faults(table: Table, frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Copies of a row, and rows of one key that differ."""
    if not table.key:
        return {"duplicate_identical": frame.duplicated()}
    same = frame.duplicated()
    shared = frame.duplicated(list(table.key), keep=False)
    return {"duplicate_identical": same, "duplicate_conflict": shared & ~frame.duplicated(keep=False)}


def parent_faults(table: Table, frame: pd.DataFrame, known: dict[str, tuple[set[str], set[str]]]) -> dict[str, pd.Series]:
    """Rows whose parent is not there, or was quarantined."""
    faults: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.references in known and not column.nullable and column.name in frame:
            everyone, good = known[column.references]
            there = frame[column.name].isin(everyone)
            faults[f"orphan:{column.name}"] = frame[column.name].notna() & ~there
            faults[f"parent_quarantined:{column.name}"] = there & ~frame[column.name].isin(good)
    return faults


def own_faults(table: Table, frame: pd.DataFrame, known_settlements: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Amounts, parts, times and refunds."""
    if table.name == "settlement":
        total, cent = frame["medfee_sumamt"].abs(), 0.010001
        paid = (frame["fund_pay_sumamt"] + frame["acct_pay"] + frame["psn_cash_pay"]).abs()
        scope = (frame["inscp_scp_amt"] + frame["fulamt_ownpay_amt"]).abs()
        refund = frame["refd_setl_flag"] == 1
        original = frame.set_index("setl_id")["medfee_sumamt"].groupby(level=0).first()
        back = frame["orig_setl_id"].map(original)
        return {
            "end_before_begin": frame["enddate"] < frame["begndate"],
            "parts_exceed_total": (paid > total + cent) | (scope > total + cent),
            "negative_without_refund": ~refund & (frame["medfee_sumamt"] < 0),
            "refund_without_original": refund & back.isna(),
            "refund_exceeds": refund & back.notna() & (total > back.abs() + cent),
        }
    if table.name == "fee_line" and known_settlements is not None:
        of = frame[["setl_id"]].merge(known_settlements, on="setl_id", how="left").set_axis(frame.index)
        off = (frame["cnt"] * frame["pric"] - frame["det_item_fee_sumamt"]).abs()
        return {
            "amount_mismatch": off > 0.010001,
            "negative_without_refund": (frame["cnt"] < 0) & (of["refd_setl_flag"] == 0),
            "positive_on_refund": (frame["cnt"] > 0) & (of["refd_setl_flag"] == 1),
            "fee_before_visit": frame["fee_ocur_time"] < of["begndate"] - pd.DateOffset(years=1),
        }
    return {}


def check(folder: Path, out: Path) -> dict[str, tuple[int, int]]:
    """Rows read and quarantined by table; writes the quarantined rows with their faults."""
    known: dict[str, tuple[set[str], set[str]]] = {}
    counts: dict[str, tuple[int, int]] = {}
    settlements: pd.DataFrame | None = None
    contract = load_contract()
    names = [
        "institution",
        "person",
        "drug",
        "practitioner",
        "settlement",
        "prescription",
        "diagnosis",
        "fee_line",
        "drug_trace",
    ]
    for table in (contract[name] for name in names):
        if not (folder / f"{table.name}.parquet").exists():
            continue
        frame = pd.read_parquet(folder / f"{table.name}.parquet")
        as_came = frame.copy()
        faults = value_faults(table, frame) | key_faults(table, frame) | parent_faults(table, frame, known)
        faults |= own_faults(table, frame, settlements)
        bad = pd.Series(False, index=frame.index)
        codes = pd.Series("", index=frame.index)
        for code, where in faults.items():
            where = where.fillna(False).astype(bool)
            bad |= where
            codes = codes.mask(where, codes + " " + code)
        as_came[bad].astype("string").assign(fault_codes=codes[bad]).to_parquet(out / f"{table.name}.parquet")
        if len(table.key) == 1:
            key = frame[table.key[0]]
            known[table.name] = (set(key.dropna()), set(key[~bad].dropna()))
        if table.name == "settlement":
            settlements = frame.loc[~bad, ["setl_id", "refd_setl_flag", "begndate"]]
        counts[table.name] = (len(frame), int(bad.sum()))
    return counts


if __name__ == "__main__":
    print({name: bad for name, (_, bad) in check(Path(sys.argv[1]), Path(sys.argv[2])).items() if bad})
