"""``rxpanel simulate``: a contract folder of a made-up city, and its truth."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from records.contract import Table, load_contract
from records.periods import Quarter
from simulator.billing import Biller
from simulator.faults import spoil
from simulator.labels import clues, past_findings, past_verdicts
from simulator.static import City, build_city, diseases, plain_rows
from simulator.visits import QuarterOfVisits
from simulator.writing import Writer

_LEFT_OUT = ("prescription_line", "stock_record")


def simulate(
    persons: int,
    seed: int,
    quarter: Quarter,
    months: int,
    clean: bool,
    out: Path,
    report: Callable[[str], None] | None = None,
) -> None:
    """Write the city as known at the end of ``quarter``, with ``months`` of look-back, to ``out``.

    One Parquet file a contract table, and ``out/truth``. Every calendar quarter is drawn from streams of its
    own, so another ``quarter`` shows the same city at another time. Written beside and renamed.
    """
    say = report or (lambda _: None)
    city = build_city(persons, seed, clean)
    writer = Writer(city)
    begin = _months_before(quarter.begin, months)
    tables, truth = _collect(city, writer, seed, (quarter, begin), clean, say)
    draft = out.parent / f".{out.name}.building-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "truth").mkdir(parents=True)
    faults = [] if clean else spoil(tables, seed, quarter)
    for table in load_contract():
        if table.name not in _LEFT_OUT:
            _write(table, tables.get(table.name, pd.DataFrame()), draft)
    _write_truth(city, truth, faults, draft / "truth")
    if out.exists():
        shutil.rmtree(out)
    draft.rename(out)
    say(f"城市 city: {persons:,} persons, {len(tables['prescription']):,} prescriptions, "
        f"{len(tables['fee_line']):,} fee lines")  # fmt: skip


def _months_before(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 - months
    return datetime(index // 12, index % 12 + 1, 1)


def _collect(
    city: City,
    writer: Writer,
    seed: int,
    window: tuple[Quarter, datetime],
    clean: bool,
    say: Callable[[str], None],
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """All rows of the window, and the truth of its prescriptions."""
    quarter, begin = window
    parts: dict[str, list[dict[str, Any]]] = {}
    truths, labels = [], {"past_verdict": [], "past_finding": [], "clue": []}  # type: ignore[var-annotated]
    now = Quarter.of(begin)
    while now <= quarter:
        visits = QuarterOfVisits(city, writer, seed, now, clean).visits()
        biller = Biller(city, writer, seed, now, clean)
        biller.bill(visits)
        for name, rows in biller.rows.items():
            parts.setdefault(name, []).extend(rows)
        truth = pd.DataFrame(biller.truth)
        truths.append(truth)
        if not clean:
            labels["clue"].append(clues(city, truth, seed, now))
        if now < quarter and not clean:
            labels["past_verdict"].append(past_verdicts(truth, len(city.person), seed, now))
            active = {
                "person": {row["psn_no"] for row in biller.rows["settlement"]},
                "practitioner": {row["dr_codg"] for row in biller.rows["prescription"]},
                "institution": {row["fixmedins_code"] for row in biller.rows["settlement"]},
            }
            labels["past_finding"].append(past_findings(city, active, seed, now))
        say(f"{now}: {len(visits):,}")
        now = now.shift(1)
    tables = {name: pd.DataFrame(rows) for name, rows in parts.items()}
    tables.update({name: pd.concat(found) for name, found in labels.items() if found})
    truth = pd.concat(truths, ignore_index=True)
    _cut(tables, begin, quarter.end)
    truth = truth[truth.prsc_time.between(begin, quarter.end, inclusive="left")]
    tables.update(_standing(city, quarter))
    return tables, truth


def _cut(tables: dict[str, pd.DataFrame], begin: datetime, end: datetime) -> None:
    """Keep what a folder of the window would hold; children of what is left out go too."""
    settlement = tables["settlement"]
    inside = (settlement.begndate >= begin - timedelta(minutes=20)) & (settlement.setl_time < end)
    tables["settlement"] = settlement = settlement[inside]
    for name, key in (("fee_line", "setl_id"), ("prescription", "mdtrt_id"), ("diagnosis", "mdtrt_id")):
        tables[name] = tables[name][tables[name][key].isin(set(settlement[key]))]
    if "drug_trace" in tables:
        trace = tables["drug_trace"]
        tables["drug_trace"] = trace[trace.feedetl_sn.isin(set(tables["fee_line"].feedetl_sn))]
    if "past_verdict" in tables:
        verdict = tables["past_verdict"]
        known = verdict.rxno.isin(set(tables["prescription"].rxno))
        tables["past_verdict"] = verdict[known & (verdict.reviewed_time < end)]


def _standing(city: City, quarter: Quarter) -> dict[str, pd.DataFrame]:
    """Tables that do not come from visits."""
    person = city.person[["psn_no", "gend", "brdy", "insutype", "psn_type", "insu_admdvs", "dead_date"]].copy()
    dead = person.dead_date.map(lambda day: isinstance(day, date) and day < quarter.end.date())
    person.loc[~dead.astype(bool), "dead_date"] = None
    registered = city.person[city.person.registered]
    codes = [diseases()[number]["opsp"] for number in registered.disease]
    opsp = pd.DataFrame({"psn_no": registered.psn_no, "opsp_dise_code": codes, "begndate": date(2024, 1, 1)})
    contracted = city.person[city.person.age > 60].iloc[::3]
    doctors = city.practitioner[city.practitioner.dept_name == "全科"]
    family = pd.DataFrame({"psn_no": contracted.psn_no, "begndate": date(2025, 1, 1)})
    family["fixmedins_code"] = str(doctors.fixmedins_code.iat[0])
    family["dr_codg"] = str(doctors.dr_codg.iat[0])
    poor = city.person.iloc[::37]
    status = pd.DataFrame({"psn_no": poor.psn_no, "psn_idet_type": "2302", "begndate": date(2024, 1, 1)})
    hospitals = city.institution[city.institution.fixmedins_type == "1"]
    negotiated = city.drug[city.drug.hi_nego_drug_flag == 1]
    stocking = [
        {"fixmedins_code": place, "med_list_codg": drug, "begndate": date(2025, 1, 1)}
        for place in hospitals[hospitals.hosp_lv.isin(["2", "3"])].fixmedins_code
        for drug in negotiated.med_list_codg
    ]
    agreements = [
        {"fixmedins_code": place, "vbp_group": group, "begndate": date(quarter.year, 1, 1),
         "enddate": date(quarter.year, 12, 31), "agreed_cnt": Decimal(4000)}
        for place in hospitals[hospitals.hosp_lv != "0"].fixmedins_code
        for group in ("V01", "V07", "V22")
    ]  # fmt: skip
    return {
        "institution": city.institution,
        "practitioner": city.practitioner,
        "person": person,
        "drug": city.drug,
        "opsp_registration": opsp[opsp.opsp_dise_code != ""],
        "family_doctor": family,
        "person_status": status,
        "nego_stocking": pd.DataFrame(stocking),
        "vbp_agreement": pd.DataFrame(agreements),
        "service_item": _service_items(),
        **_clearing(city, quarter),
    }


def _service_items() -> pd.DataFrame:
    from simulator.billing import _SERVICES

    return pd.DataFrame(
        {"hilist_code": code, "hilist_name": name, "list_type": "201", "tcm_flag": 0,
         "pric_uplmt_amt": Decimal(price)} for code, name, _, price in _SERVICES
    )  # fmt: skip


def _clearing(city: City, quarter: Quarter) -> dict[str, pd.DataFrame]:
    pools, paid = [], []
    hospitals = city.institution[city.institution.fixmedins_type == "1"]
    size = len(city.person)
    for area in sorted(set(hospitals.admdvs)):
        for insutype in ("310", "390"):
            for pool in ("ordinary", "special"):
                pools.append({"year": quarter.year, "admdvs": area, "insutype": insutype, "opt_pool": pool,
                              "control_total": Decimal(size * 12), "adjustment": Decimal(0),
                              "elsewhere_amt": Decimal(size // 4), "share_ratio": Decimal("0.5")})  # fmt: skip
    for place in plain_rows(hospitals):
        for month in range(1, 13):
            for insutype in ("310", "390"):
                for pool in ("ordinary", "special"):
                    paid.append({"year": quarter.year, "month": month, "fixmedins_code": place.fixmedins_code,
                                 "insutype": insutype, "opt_pool": pool,
                                 "paid_amt": Decimal(round(place.visit_weight * size / 400))})  # fmt: skip
    budget = [
        {"year": quarter.year, "consortium_code": f"YGT{area}", "funding_total": Decimal(size * 200),
         "risk_amt": Decimal(size * 2), "packaged_total": Decimal(size * 190), "withheld_amt": Decimal(size * 6),
         "elsewhere_reserve": Decimal(size * 20), "spent_amt": Decimal(size * 160)}
        for area in sorted(set(hospitals.admdvs))
    ]  # fmt: skip
    return {
        "clearing_pool": pd.DataFrame(pools),
        "prepayment": pd.DataFrame(paid),
        "consortium_budget": pd.DataFrame(budget),
    }


def _arrow_type(table: Table, name: str) -> pa.DataType:
    column = table.column(name)
    if column.kind == "decimal":
        digits, scale = column.type[8:-1].split(",")
        return pa.decimal128(int(digits), int(scale))
    kinds = {"string": pa.string(), "date": pa.date32(), "datetime": pa.timestamp("us"), "int8": pa.int8(),
             "int16": pa.int16(), "int32": pa.int32(), "double": pa.float64()}  # fmt: skip
    return kinds[column.kind]


def _cell(value: Any, kind: str, scale: int) -> Any:
    if value is None or value != value or value is pd.NaT:
        return None
    if kind == "decimal":
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-scale))
    if kind.startswith("int"):
        return int(value)
    if kind == "datetime":
        return pd.Timestamp(value).to_pydatetime()
    return str(value) if kind == "string" else value


def _write(table: Table, frame: pd.DataFrame, folder: Path) -> None:
    order = [name for name in table.order if name in frame.columns]
    if len(frame):
        frame = frame.sort_values(order[: max(1, len(table.key) or 3)], kind="stable")
    arrays, fields = [], []
    for column in table.columns:
        kind = _arrow_type(table, column.name)
        scale = kind.scale if column.kind == "decimal" else 0
        values = frame[column.name].tolist() if column.name in frame.columns else [None] * len(frame)
        arrays.append(pa.array([_cell(value, column.kind, scale) for value in values], kind))
        fields.append(pa.field(column.name, kind))
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), folder / f"{table.name}.parquet", compression="zstd")


def _write_truth(city: City, truth: pd.DataFrame, faults: list[dict[str, str]], folder: Path) -> None:
    columns = ["rxno", "verdict_class", "item_codes", "fund_codes", "kind", "loss_amt"]
    table = truth[columns].sort_values("rxno").reset_index(drop=True)
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), folder / "prescription.parquet")
    subjects = []
    for kind, frame, key in (
        ("institution", city.institution, "fixmedins_code"),
        ("person", city.person, "psn_no"),
        ("practitioner", city.practitioner, "dr_codg"),
    ):
        part = pd.DataFrame({"subject_type": kind, "subject_code": frame[key], "scheme": frame.scheme})
        subjects.append(part.assign(fraud_flag=(part.scheme != "").astype(int)).sort_values("subject_code"))
    joined = pd.concat(subjects, ignore_index=True)
    pq.write_table(pa.Table.from_pandas(joined, preserve_index=False), folder / "subject.parquet")
    listed = pd.DataFrame(faults, columns=["table", "key", "fault"])
    pq.write_table(pa.Table.from_pandas(listed, preserve_index=False), folder / "faults.parquet")
