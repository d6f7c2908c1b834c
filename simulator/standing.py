"""Tables that do not come from visits: persons and what they are registered for, places, drugs, budgets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from records.contract import Table, load_contract
from records.periods import Quarter
from simulator.billing import SERVICES
from simulator.catalogue import Array, catalogue, diseases, parameters
from simulator.columns import arrange, arrow_type, coded, dates, digits, texts
from simulator.people import REGISTERED_FROM, YEAR, People, day_number
from simulator.places import AREAS, City

_PROCURED = ("V01", "V07", "V22")


def person_tables(city: City, people: People, quarter: Quarter) -> dict[str, Any]:
    """Tables of a block's persons as known at the end of the quarter; who is not born yet is not among them."""
    end = day_number(quarter.end.date())
    born = np.flatnonzero(people.born < end)
    return {
        "person": _persons(people, born, end),
        "opsp_registration": _registered(people, born, end),
        "family_doctor": _contracted(city, people, born, end),
        "person_status": _poor(people, born),
    }


def _codes(people: People, rows: Array) -> Any:
    return texts(len(rows), "53", digits(people.number[rows], 10))


def _since(size: int, day: date) -> Any:
    return dates(np.full(size, day_number(day)))


def _persons(people: People, rows: Array, end: int) -> Any:
    age = people.age(end)[rows]
    kind = np.where(people.employed[rows], np.where(age >= 58, 1, 0), np.where(age < 7, 3, np.where(age < 19, 4, 2)))
    dead = people.recorded[rows] < end
    found = {
        "psn_no": _codes(people, rows),
        "gend": coded(["1", "2"], people.female[rows].astype(int)),
        "brdy": dates(people.born[rows]),
        "insutype": coded(["390", "310"], people.employed[rows].astype(int)),
        "psn_type": coded(["1101", "1201", "1501", "1402", "1403"], kind),
        "insu_admdvs": coded([*AREAS, "520100"], np.where(people.elsewhere[rows], len(AREAS), people.area[rows])),
        "dead_date": dates(np.where(dead, people.recorded[rows], 0), dead),
    }
    return arrange(load_contract()["person"], found, len(rows))


def _registered(people: People, born: Array, end: int) -> Any:
    """Open registrations, and of yearly ones each year's: from the day its renewal took effect to the next one's."""
    registered, first = born[people.registered[born]], day_number(REGISTERED_FROM)
    years = np.arange(-1, max(0, (end - first) // YEAR) + 1)
    yearly = people.late[registered] > 0
    renewed = people.renewed[registered][:, None] + YEAR * years
    begin = np.where(years >= 0, renewed + people.late[registered][:, None], first)
    row, year = np.nonzero((begin < end) & (yearly[:, None] | (years < 0)))
    rows = registered[row]
    found = {
        "psn_no": _codes(people, rows),
        "opsp_dise_code": coded([entry["opsp"] or None for entry in diseases()], people.disease[rows]),
        "begndate": dates(begin[row, year]),
        "enddate": dates(renewed[row, year] + YEAR - 1, yearly[row]),
    }
    return arrange(load_contract()["opsp_registration"], found, len(rows))


def _contracted(city: City, people: People, born: Array, end: int) -> Any:
    """A third of those over 60 have a family doctor, of the general practice nearest in the list."""
    rows = born[(people.age(end)[born] > 60) & (people.number[born] % 3 == 0)]
    general = np.flatnonzero(city.practitioner["dept_name"] == "全科")
    doctor = general[people.number[rows] % len(general)]
    places = city.practitioner["place"].to_numpy()[doctor]
    found = {
        "psn_no": _codes(people, rows),
        "fixmedins_code": coded(city.institution["fixmedins_code"].tolist(), places),
        "dr_codg": coded(city.practitioner["dr_codg"].tolist(), doctor),
        "begndate": _since(len(rows), date(2025, 1, 1)),
    }
    return arrange(load_contract()["family_doctor"], found, len(rows))


def _poor(people: People, born: Array) -> Any:
    rows = born[people.number[born] % 37 == 0]
    found = {
        "psn_no": _codes(people, rows),
        "psn_idet_type": coded(["2302"], np.zeros(len(rows), int)),
        "begndate": _since(len(rows), date(2024, 1, 1)),
    }
    return arrange(load_contract()["person_status"], found, len(rows))


def place_tables(city: City, quarter: Quarter) -> dict[str, Any]:
    """Tables of places, drugs and money."""
    hospitals = city.institution[city.institution.fixmedins_type == "1"]
    frames = {
        "institution": city.institution,
        "practitioner": city.practitioner,
        "drug": catalogue().drug,
        "nego_stocking": _stocking(hospitals),
        "vbp_agreement": _agreements(city, hospitals, quarter),
        "service_item": _service_items(),
        "clearing_pool": _pools(city, quarter),
        "prepayment": _prepaid(city, hospitals, quarter),
        "consortium_budget": _budgets(city, quarter),
    }
    return {name: frame_table(load_contract()[name], frame) for name, frame in frames.items()}


def _stocking(hospitals: pd.DataFrame) -> pd.DataFrame:
    drug = catalogue().drug
    negotiated = drug[drug.hi_nego_drug_flag == 1][["med_list_codg"]]
    large = hospitals[hospitals.hosp_lv.isin(["2", "3"])][["fixmedins_code"]]
    return large.merge(negotiated, how="cross").assign(begndate=date(2025, 1, 1))


def _agreements(city: City, hospitals: pd.DataFrame, quarter: Quarter) -> pd.DataFrame:
    size = hospitals["visit_weight"] * city.persons / max(1.0, float(hospitals["visit_weight"].sum()))
    agreed = hospitals.assign(agreed_cnt=np.round(size * 1.5))[hospitals.hosp_lv != "0"][["fixmedins_code", "agreed_cnt"]]
    groups = pd.DataFrame({"vbp_group": list(_PROCURED)})
    year = {"begndate": date(quarter.year, 1, 1), "enddate": date(quarter.year, 12, 31)}
    return agreed.merge(groups, how="cross").assign(**year)


def _service_items() -> pd.DataFrame:
    return pd.DataFrame(
        [{"hilist_code": code, "hilist_name": name, "list_type": "201", "tcm_flag": 0, "pric_uplmt_amt": Decimal(fen) / 100}
         for code, name, _, fen in SERVICES]
    )  # fmt: skip


def _pools(city: City, quarter: Quarter) -> pd.DataFrame:
    rows = [(area, insutype, pool) for area in AREAS for insutype in ("310", "390") for pool in ("ordinary", "special")]
    frame = pd.DataFrame(rows, columns=["admdvs", "insutype", "opt_pool"])
    control = [round(_control(insutype, pool) * city.persons / len(AREAS)) for _, insutype, pool in rows]
    money = {"adjustment": 0, "elsewhere_amt": city.persons // 4, "share_ratio": 0.5}
    return frame.assign(year=quarter.year, control_total=control, **money)


def _control(insutype: str, pool: str) -> float:
    """Control total in yuan a person and year."""
    return float(parameters()["clearing"]["control"][insutype][0 if pool == "ordinary" else 1])


def _prepaid(city: City, hospitals: pd.DataFrame, quarter: Quarter) -> pd.DataFrame:
    share = hospitals["visit_weight"] / max(1.0, float(hospitals["visit_weight"].sum()))
    rows = [
        (month, insutype, pool) for month in range(1, 13) for insutype in ("310", "390") for pool in ("ordinary", "special")
    ]
    each = [_control(insutype, pool) * parameters()["clearing"]["prepaid"] * city.persons / 12 for _, insutype, pool in rows]
    slots = pd.DataFrame(rows, columns=["month", "insutype", "opt_pool"]).assign(each=each)
    joined = hospitals[["fixmedins_code"]].assign(share=share).merge(slots, how="cross")
    return joined.assign(year=quarter.year, paid_amt=np.round(joined["share"] * joined["each"]))


def _budgets(city: City, quarter: Quarter) -> pd.DataFrame:
    each = city.persons
    money = {"funding_total": each * 200, "risk_amt": each * 2, "packaged_total": each * 190, "withheld_amt": each * 6,
             "elsewhere_reserve": each * 20, "spent_amt": each * 160}  # fmt: skip
    return pd.DataFrame({"consortium_code": [f"YGT{area}" for area in AREAS]}).assign(year=quarter.year, **money)


def frame_table(table: Table, frame: pd.DataFrame) -> Any:
    """A frame as the contract's table, ordered by its key; columns beyond the contract are left out."""
    if len(frame) and table.key:
        frame = frame.sort_values(list(table.key), kind="stable")
    found = {}
    for column in table.columns:
        if column.name in frame.columns:
            found[column.name] = _cells(frame[column.name], arrow_type(table, column.name))
    return arrange(table, found, len(frame))


def _cells(values: pd.Series, kind: Any) -> Any:
    if pa.types.is_decimal(kind):
        digit = Decimal(1).scaleb(-kind.scale)
        return pa.array([None if pd.isna(v) else Decimal(str(v)).quantize(digit) for v in values], kind)
    if pa.types.is_integer(kind):
        return pa.array([None if pd.isna(v) else int(v) for v in values], kind)
    if pa.types.is_string(kind):
        return pa.array([None if pd.isna(v) else str(v) for v in values], kind)
    return pa.array(values.tolist(), kind)
