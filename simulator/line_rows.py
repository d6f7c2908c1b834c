"""The contract's prescribed lines, fee lines and trace codes of one block in one quarter, from its bill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from records.contract import load_contract
from simulator.billing import FIRST_AGAIN, SERVICES, SWAPPED
from simulator.catalogue import SLOTS, Array, catalogue, parameters
from simulator.columns import arrange, coded, decimal, digits, moments, texts, whole
from simulator.dispensing import regimen
from simulator.rows import Rows
from simulator.streams import BILLS

_FREQUENCY = [None, "11", "12", "13"]
_CHARGE = {"11": "09", "12": "11", "13": "10"}


def kept_lines(rows: Rows) -> Array:
    """Whether each fee line's settlement lies in the window."""
    return np.asarray(rows.kept_settled[rows.bill.lines["settle"]])


def _line_number(rows: Rows, line: Array) -> tuple[Array, Array, Array]:
    lines = rows.bill.lines
    return rows.tags(lines["visit"][line]), digits(lines["number"][line], 2), lines["suffix"][line][:, None]


def prescribed_lines(rows: Rows) -> Any:
    """Table prescription_line: what was prescribed, of the hospitals that send it; a decoction's pieces are one group."""
    table, items = load_contract()["prescription_line"], catalogue().drug
    visits, piece, missing = rows.bill.visits, catalogue().piece, parameters()["missing"]
    sent = np.flatnonzero(rows.kept_visits & rows.sends_lines)
    row, slot = np.nonzero(visits.drugs[sent] >= 0)
    visit, size = sent[row], len(row)
    item = visits.drugs[visit, slot]
    taken = regimen(visits, visit, slot, item)
    draw = rows.left_out[visit, :, slot]
    units = ["g" if is_piece else "支" if single else "盒"
             for is_piece, single in zip(piece, catalogue().injection & (catalogue().pack == 1), strict=True)]  # fmt: skip
    found = {
        "rxno": texts(len(sent), "RX", rows.tags(sent)).take(pa.array(row)),
        "rx_line_no": whole(slot + 1, pa.int16()),
        "med_list_codg": coded(items["med_list_codg"].tolist(), item),
        "cnt": decimal(taken["cnt"] * 10_000, rows.kind("prescription_line", "cnt")),
        "cnt_unit": coded(units, item),
        "sin_doscnt": decimal(taken["dose"], rows.kind("prescription_line", "sin_doscnt")),
        "sin_dosunt": coded(items["strength_unit"].tolist(), item),
        "used_frqu_codg": coded(_FREQUENCY, np.where(draw[:, 0] > missing["used_frqu_codg"], taken["times"], 0)),
        "medc_way_codg": coded(items["route"].tolist(), item),
        "prd_days": decimal(
            taken["days"].astype(np.int64) * 100, rows.kind("prescription_line", "prd_days"), draw[:, 1] > missing["prd_days"]
        ),
        "group_no": whole(np.ones(size), pa.int16(), piece[item]),
    }
    return arrange(table, found, size)


def _settled_line(rows: Rows, visit: Array, number: Array) -> Any:
    """The prescribed line that each fee line names, where they are sent; tills of pharmacies often leave it out."""
    draw = rows.scene.stream(BILLS, 6).random((len(rows.bill.visits), 12))[visit, number % 12]
    missing, outside = parameters()["missing"], rows.bill.visits.pharmacy[visit] >= 0
    named = draw >= np.where(outside, missing["rx_line_no_outside"], missing["rx_line_no"])
    # What is charged again, on the ward or wrongly, is the first line's drug.
    line = np.where(number < SLOTS, number + 1, 1)
    service = (number >= SLOTS) & (number < FIRST_AGAIN)
    return whole(line, pa.int16(), named & ~service & rows.sends_lines[visit])


def fee_lines(rows: Rows) -> Any:
    """Table fee_line: drugs and services of every settlement, reversals among them."""
    table = load_contract()["fee_line"]
    at = np.flatnonzero(kept_lines(rows))
    lines = {name: values[at] for name, values in rows.bill.lines.items()}
    visit, size, drug, service = lines["visit"], len(at), lines["drug"], lines["service"]
    items, missing = catalogue().drug, parameters()["missing"]
    is_drug = drug >= 0
    item = np.where(is_drug, drug, len(items) + service)
    own = lines["own_name"].astype(int)
    tags, suffix = rows.tags(visit), lines["suffix"][:, None]
    names = [*items["drug_genname"], *(entry[1] for entry in SERVICES)]
    kinds = [*items["drug_kind"], *("S" for _ in SERVICES)]
    charges = [*(_CHARGE[kind] for kind in items["drug_kind"]), *(entry[2] for entry in SERVICES)]
    draw = rows.left_out[visit, :, lines["number"] % 12]

    def money(name: str, values: Array, valid: Array | None = None) -> Any:
        return decimal(values, rows.kind("fee_line", name), valid)

    found = {
        "feedetl_sn": texts(size, "F", tags, digits(lines["number"], 2), suffix),
        "setl_id": texts(size, "S", tags, suffix),
        "mdtrt_id": texts(size, "V", tags),
        "rxno": texts(size, "RX", tags, valid=is_drug),
        "fee_ocur_time": moments(rows.scene.calendar.first, lines["minute"]),
        "list_type": coded(
            ["101", "102", "201"], np.array([0 if k in ("11", "12") else 1 if k == "13" else 2 for k in kinds])[item]
        ),
        "hilist_code": coded([*items["med_list_codg"], *(entry[0] for entry in SERVICES)], item),
        "hilist_name": coded(names, item),
        "medins_list_name": coded([*names, *SWAPPED, *catalogue().trade], np.where(own >= 0, len(names) + own, item)),
        "med_chrgitm_type": coded(charges, item),
        "chrgitm_lv": coded([*items["chrgitm_lv"], *("01" for _ in SERVICES)], item),
        "cnt": money("cnt", lines["cnt"] * 10_000),
        "pric": money("pric", lines["price"] * 100),
        "det_item_fee_sumamt": money("det_item_fee_sumamt", lines["amount"]),
        "sin_doscnt": money("sin_doscnt", lines["dose"], is_drug),
        "sin_dosunt": coded([*items["strength_unit"], *(None for _ in SERVICES)], item),
        "used_frqu_codg": coded(_FREQUENCY, np.where(draw[:, 0] > missing["used_frqu_codg"], lines["times"], 0)),
        "medc_way_codg": coded([*items["route"], *(None for _ in SERVICES)], item),
        "prd_days": money("prd_days", lines["days"].astype(np.int64) * 100, is_drug & (draw[:, 1] > missing["prd_days"])),
        "hosp_appr_flag": coded(["0"], np.where(is_drug, 0, -1)),
        "bilg_dr_codg": coded(rows.scene.city.doctors["dr_codg"], rows.bill.visits.doctor[visit]),
        "inscp_scp_amt": money("inscp_scp_amt", lines["scope"]),
        "rx_line_no": _settled_line(rows, visit, lines["number"]),
        "tcmdrug_used_way": coded(["1"], np.where(catalogue().piece[drug] & is_drug, 0, -1)),
    }
    return arrange(table, found, size)


def trace_rows(rows: Rows) -> Any:
    """Table drug_trace: what pharmacies scanned, sales and returns."""
    table, traces = load_contract()["drug_trace"], rows.bill.traces
    kept = kept_lines(rows)[traces["line"]]
    line, code, size = traces["line"][kept], traces["code"][kept], int(kept.sum())
    lines = rows.bill.lines
    found = {
        "drug_trac_codg": texts(size, "81", rows.tags(lines["visit"][code]), digits(lines["number"][code], 2)),
        "feedetl_sn": texts(size, "F", *_line_number(rows, line)),
        "trdn_flag": whole(traces["split"][kept]),
        "sel_retn_time": moments(rows.scene.calendar.first, traces["minute"][kept]),
        "sel_retn_cnt": decimal(traces["cnt"][kept] * 10_000, rows.kind("drug_trace", "sel_retn_cnt")),
    }
    return arrange(table, found, size)
