"""Every kind of fault as data: what is changed in visit n, and what must be in quarantine for it.

``{k}`` is the visit's number. The tests of ``test_fault_pack.py`` inject them all into one folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

City = Any
Change = Callable[[City, str], None]
Expected = dict[str, dict[str, list[str]]]
LINES = ("FA", "FB")


def put(table: str, key: str, **values: str | None) -> Change:
    """Change values of one row."""

    def change(city: City, k: str) -> None:
        row = city.row(table, key.format(k=k))
        row.update({name: value.format(k=k) if value else value for name, value in values.items()})

    return change


def add(table: str, like: str, **values: str | None) -> Change:
    """Add a row like another one."""

    def change(city: City, k: str) -> None:
        row = dict(city.row(table, like.format(k=k)))
        row.update({name: value.format(k=k) if value else value for name, value in values.items()})
        city.tables[table].append(row)

    return change


def both(*changes: Change) -> Change:
    def change(city: City, k: str) -> None:
        for one in changes:
            one(city, k)

    return change


GONE = ["parent_quarantined"]
TRACE = {"drug_trace": {"T{k}": GONE}}
LINES_OUT: Expected = {"fee_line": {"F{k}A": GONE, "F{k}B": GONE}, **TRACE}


def settlement(code: str) -> Expected:
    return {"settlement": {"S{k}": [code]}, **LINES_OUT}


def line(code: str) -> Expected:
    """A fault of the drug line takes its trace code along."""
    return {"fee_line": {"F{k}A": [code]}, **TRACE}


def person(code: str) -> Expected:
    """A quarantined person takes everything of that person along, but no diagnosis."""
    return {
        "person": {"P{k}": [code]}, "opsp_registration": {"P{k}": GONE}, "settlement": {"S{k}": GONE},
        "prescription": {"R{k}": GONE}, "prescription_line": {"R{k}": GONE}, **LINES_OUT,
    }  # fmt: skip


def alone(table: str, key: str, code: str) -> Expected:
    """A fault that concerns its row only."""
    return {table: {key: [code]}}


def prescription(code: str) -> Expected:
    return {"prescription": {"R{k}": [code]}, "prescription_line": {"R{k}": GONE}}


def refund(**values: str | None) -> Change:
    given = {"setl_id": "X{k}", "refd_setl_flag": "1", "orig_setl_id": "S{k}", **values}
    return add("settlement", "S{k}", **given)


CASES: dict[str, tuple[Change, Expected]] = {
    # Values
    "required value empty": (put("settlement", "S{k}", insutype=""), settlement("missing_required")),
    "required value a NULL word": (put("person", "P{k}", insutype="NULL"), person("missing_required")),
    "required value blanks": (put("settlement", "S{k}", med_type="   "), settlement("missing_required")),
    "key empty": (
        put("drug_trace", "T{k}", drug_trac_codg=None),
        {"drug_trace": {None: ["missing_required"]}},
    ),
    "words for a number": (put("settlement", "S{k}", acct_pay="九元六"), settlement("bad_type")),
    "money with three decimals": (put("settlement", "S{k}", acct_pay="9.605"), settlement("bad_type")),
    "decimal comma": (put("fee_line", "F{k}A", pric="11,0"), line("bad_type")),
    "infinity": (put("fee_line", "F{k}A", pric="inf"), line("bad_type")),
    "not a number": (put("past_verdict", "R{k}", incl_prob="1/20"), {"past_verdict": {"R{k}": ["bad_type"]}}),
    "number too large": (put("fee_line", "F{k}A", cnt="1" * 20), line("bad_type")),
    "integer with a fraction": (put("clue", "C{k}", anonymous_flag="0.5"), {"clue": {"C{k}": ["bad_type"]}}),
    "no such day": (put("person", "P{k}", brdy="1960-02-30"), person("bad_type")),
    "no such hour": (put("prescription", "R{k}", prsc_time="2026-08-01 25:00:00"), prescription("bad_type")),
    "day and month in either order": (put("person", "P{k}", brdy="05/01/1960"), person("bad_type")),
    "time in another zone": (
        put("fee_line", "F{k}A", fee_ocur_time="2026-08-01T01:40:00Z"),
        line("bad_type"),
    ),
    "year of two digits": (put("person", "P{k}", brdy="60-05-01"), person("bad_type")),
    "code too long": (put("prescription", "R{k}", dept_codg="A" * 31), prescription("bad_length")),
    "code not in a closed list": (put("person", "P{k}", gend="3"), person("bad_code")),
    "flag neither yes nor no": (put("prescription", "R{k}", long_rx_flag="2"), prescription("bad_code")),
    "catalogue type unknown": (put("fee_line", "F{k}A", list_type="999"), line("bad_code")),
    "negative price": (put("fee_line", "F{k}A", pric="-11", det_item_fee_sumamt="-22"), line("bad_range")),
    "negative days": (put("fee_line", "F{k}A", prd_days="-3"), line("bad_range")),
    "probability of zero": (
        put("past_verdict", "R{k}", incl_prob="0"),
        {"past_verdict": {"R{k}": ["bad_range"]}},
    ),
    "probability above one": (
        put("past_verdict", "R{k}", incl_prob="1.5"),
        {"past_verdict": {"R{k}": ["bad_range"]}},
    ),
    "year 26": (put("person", "P{k}", brdy="0026-05-01"), person("bad_range")),
    "damaged characters": (
        put("diagnosis", "V{k}", diag_name="急\ufffd"),
        {"diagnosis": {"V{k}": ["bad_encoding"]}},
    ),
    "two faults": (
        put("settlement", "S{k}", acct_pay="x", insutype=None),
        settlement("bad_type missing_required"),
    ),
    # Keys
    "identical row": (add("settlement", "S{k}"), {"settlement": {"S{k}": ["duplicate_identical"]}}),
    "identical row, other spelling": (
        add("settlement", "S{k}", medfee_sumamt="32.0"), {"settlement": {"S{k}": ["duplicate_identical"]}},
    ),
    "three identical rows": (
        both(add("diagnosis", "V{k}"), add("diagnosis", "V{k}")),
        {"diagnosis": {"V{k}": ["duplicate_identical"] * 2}},
    ),
    "identical row without a key": (
        lambda city, k: city.tables["opsp_registration"].append(
            next(dict(row) for row in city.tables["opsp_registration"] if row["psn_no"] == f"P{k}")
        ),
        {"opsp_registration": {"P{k}": ["duplicate_identical"]}},
    ),
    "same key, other content": (
        add("settlement", "S{k}", acct_pay="9.50"),
        {"settlement": {"S{k}": ["duplicate_conflict"] * 2}, **LINES_OUT},
    ),
    "same key after cleaning": (
        add("prescription", "R{k}", rxno=" R{k} ", dept_codg="A04"),
        {
            "prescription": {"R{k}": ["duplicate_conflict"], " R{k} ": ["duplicate_conflict"]},
            "prescription_line": {"R{k}": GONE},
        },
    ),
    "two identical and one other": (
        both(add("clue", "C{k}"), add("clue", "C{k}", channel="phone")),
        {"clue": {"C{k}": ["duplicate_conflict"] * 3}},
    ),
    # References
    "settlement of nobody": (put("settlement", "S{k}", psn_no="P999"), settlement("orphan")),
    "fee line of no settlement": (put("fee_line", "F{k}A", setl_id="S999"), line("orphan")),
    "prescriber unknown": (put("prescription", "R{k}", dr_codg="D9"), prescription("orphan")),
    "institution unknown": (put("prescription", "R{k}", fixmedins_code="H9"), prescription("orphan")),
    "trace code of no fee line": (
        put("drug_trace", "T{k}", feedetl_sn="F9"),
        {"drug_trace": {"T{k}": ["orphan"]}},
    ),
    "drug unknown": (
        put("prescription_line", "R{k}", med_list_codg="XZ"),
        {"prescription_line": {"R{k}": ["orphan"]}},
    ),
    "institution quarantined": (
        both(
            put("institution", "H53030200009", tcm_flag="9"),
            put("settlement", "S{k}", fixmedins_code="H53030200009"),
        ),
        {
            "institution": {"H53030200009": ["bad_code"]}, "practitioner": {"D530302000009": GONE},
            **settlement("parent_quarantined"),
        },
    ),
    # Money
    "amount is not quantity times price": (
        put("fee_line", "F{k}A", det_item_fee_sumamt="22.02"),
        line("amount_mismatch"),
    ),
    "fund pays more than the total": (
        put("settlement", "S{k}", fund_pay_sumamt="32.02", acct_pay="0", psn_cash_pay="-0.02"),
        settlement("parts_exceed_total"),
    ),
    "parts exceed the total": (
        put("settlement", "S{k}", psn_cash_pay="0.02"),
        settlement("parts_exceed_total"),
    ),
    "one part made up by another": (
        put("settlement", "S{k}", fund_pay_sumamt="0", acct_pay="64", psn_cash_pay="-32"), settlement("parts_exceed_total"),
    ),
    "fund part of the other sign": (
        put("settlement", "S{k}", fund_pay_sumamt="-16", acct_pay="0", psn_cash_pay="0"), settlement("sign_mismatch"),
    ),
    "scope beyond the total": (
        put("settlement", "S{k}", inscp_scp_amt="32.02"),
        settlement("parts_exceed_total"),
    ),
    "line scope beyond the line": (
        put("fee_line", "F{k}A", inscp_scp_amt="22.02"),
        line("parts_exceed_total"),
    ),
    "negative quantity": (
        put("fee_line", "F{k}A", cnt="-2", det_item_fee_sumamt="-22"), line("negative_without_refund"),
    ),
    "negative total": (
        put("settlement", "S{k}", medfee_sumamt="-32", inscp_scp_amt="-9", fund_pay_sumamt="-9", acct_pay="0"),
        settlement("negative_without_refund"),
    ),
    # Times
    "end before begin": (
        put("settlement", "S{k}", enddate="2026-07-01 08:00:00"),
        settlement("end_before_begin"),
    ),
    "death before birth": (put("person", "P{k}", dead_date="1950-01-01"), person("end_before_begin")),
    "fee long before the visit": (
        put("fee_line", "F{k}A", fee_ocur_time="2025-06-01 08:00:00"),
        line("fee_before_visit"),
    ),
    "death years ahead": (put("person", "P{k}", dead_date="9999-12-31"), person("in_future")),
    "registered years ahead": (
        put("opsp_registration", "P{k}", begndate="2099-01-01"), {"opsp_registration": {"P{k}": ["in_future"]}},
    ),
    "years ahead": (put("prescription", "R{k}", prsc_time="2036-08-01 09:30:00"), prescription("in_future")),
    # Refunds
    "refund of nothing": (refund(orig_setl_id=None), {"settlement": {"X{k}": ["refund_without_original"]}}),
    "refund of an unknown settlement": (
        refund(orig_setl_id="S999"), {"settlement": {"X{k}": ["refund_without_original"]}},
    ),
    "refund of a refund": (
        both(refund(), refund(setl_id="Y{k}", orig_setl_id="X{k}")),
        {"settlement": {"Y{k}": ["refund_without_original"]}},
    ),
    "refund beyond its original": (
        refund(medfee_sumamt="32.02"), {"settlement": {"X{k}": ["refund_exceeds"]}},
    ),
    "refunds that together exceed it": (
        both(refund(), refund(setl_id="Y{k}")),
        {"settlement": {"X{k}": ["refund_exceeds"], "Y{k}": ["refund_exceeds"]}},
    ),
    "refund of a quarantined settlement": (
        both(refund(), put("settlement", "S{k}", insutype=None)),
        {"settlement": {"S{k}": ["missing_required"], "X{k}": GONE}, **LINES_OUT},
    ),
    "positive quantity on a refund": (
        both(refund(), add("fee_line", "F{k}A", feedetl_sn="G{k}", setl_id="X{k}")),
        {"fee_line": {"G{k}": ["positive_on_refund"]}},
    ),
    # A record that does not parse
    "record with a column less": (
        lambda city, k: city.text.update(clue=f"broken{k},x\r\n"), {"clue": {"broken{k},x": ["unparsed"]}},
    ),
    "thousands or a decimal comma": (put("fee_line", "F{k}A", sin_doscnt="1,234"), line("bad_type")),
    "decimal comma before zeros": (put("fee_line", "F{k}A", sin_doscnt="0,500"), line("bad_type")),
    # What may be misconduct or habit stays
    "refund before what it reverses": (refund(setl_time="2026-07-01 10:00:00"), {}),
    "quantity of a third": (
        put("fee_line", "F{k}A", cnt="0.333333", pric="66", det_item_fee_sumamt="22.00", inscp_scp_amt="22.00"), {},
    ),
    "service after death": (put("person", "P{k}", dead_date="2026-07-01"), {}),
    "same item twice": (add("fee_line", "F{k}A", feedetl_sn="G{k}"), {}),
    "prescribed after it was charged": (put("prescription", "R{k}", prsc_time="2026-08-30 09:30:00"), {}),
    "settled before the visit": (put("settlement", "S{k}", setl_time="2026-07-01 09:30:00"), {}),
    "later than the quarter": (put("clue", "C{k}", received_time="2026-11-01 09:30:00"), {}),
    "ordering doctor unknown": (put("fee_line", "F{k}A", bilg_dr_codg="D9"), {}),
    "prescription number unknown": (put("fee_line", "F{k}A", rxno="R999"), {}),
    "open code list": (put("settlement", "S{k}", med_type="9901", insutype="391"), {}),
    "partial refunds": (
        both(
            refund(medfee_sumamt="-12", inscp_scp_amt="-12", fund_pay_sumamt="-8.4", acct_pay="-3.6"),
            refund(
                setl_id="Y{k}", medfee_sumamt="-20", inscp_scp_amt="-20", fund_pay_sumamt="-14", acct_pay="-6"
            ),
        ),
        {},
    ),
    "a name of 10,000 characters": (put("fee_line", "F{k}A", hilist_name="长" * 10_000), {}),
    "formula, markup and SQL": (
        put("diagnosis", "V{k}", diag_name="=HYPERLINK(1)'; DROP TABLE x; --<script>alert(1)</script>\x07🙂"),
        {},
    ),
}  # fmt: skip
