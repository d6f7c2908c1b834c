"""What the clearing works on, gathered from the year's newest snapshot and the year's assessment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from assessment.clearing import ClearingInput, Key, Part, Pool
from assessment.exports import assessed
from assessment.loading import load_quarters
from assessment.money import fen
from assessment.scheme import Scheme, exact
from panel.store import Store
from records.asof import open_asof
from records.errors import WrongUse
from records.periods import Quarter
from records.snapshot import Snapshot
from records.workplace import Workplace

# Outpatient fees of persons insured in the prefecture; refunds are negative settlements and net out by summing.
_SPENDING = """
SELECT i.fixmedins_code, i.admdvs, s.insutype, CASE WHEN s.med_type LIKE '14%' THEN 'special' ELSE 'ordinary' END AS pool,
    sum(s.fund_pay_sumamt) AS spending, count(DISTINCT s.psn_no) FILTER (s.refd_setl_flag = 0) AS persons
FROM settlement s JOIN institution i USING (fixmedins_code)
WHERE year(s.setl_time) = $year AND left(s.med_type, 2) IN ('11', '13', '14', '41')
    AND left(coalesce(s.insu_admdvs, i.admdvs), 4) = left(i.admdvs, 4) GROUP BY ALL ORDER BY ALL"""
# Special fees: negotiated drugs, serious-illness special drugs, external prescriptions dispensed at a pharmacy.
_SPECIAL = """
SELECT n.fixmedins_code, i.admdvs, n.setl_insutype, CASE WHEN n.med_type LIKE '14%' THEN 'special' ELSE 'ordinary' END AS pool,
    n.feedetl_sn, n.stake_amt,
    coalesce(d.hi_nego_drug_flag, 0) = 1 OR coalesce(d.special_drug_flag, 0) = 1
        OR (i.fixmedins_type = '2' AND coalesce(p.rx_circ_flag, 0) = 1) AS special
FROM net_line n JOIN institution i USING (fixmedins_code) LEFT JOIN drug d ON d.med_list_codg = n.hilist_code
LEFT JOIN prescription p ON p.rxno = n.rxno
WHERE year(n.setl_time) = $year AND left(coalesce(n.setl_insu_admdvs, i.admdvs), 4) = left(i.admdvs, 4)"""


def load_clearing(workplace: Workplace, quarters: Sequence[Quarter], store: Store, scheme: Scheme) -> ClearingInput:
    """Load pools and parts of a year. Raises WrongUse when clearing_pool was not supplied for it."""
    year = quarters[-1].year
    data = load_quarters(workplace, quarters, store, str(year))
    digest = str(data.quarters[-1].run["snapshot"])[:12]
    con = open_asof(Snapshot.load(workplace.snapshots / digest), max(quarters))
    pools = _pools(con, year)
    if not pools:
        raise WrongUse(f"The data of {year} have no table clearing_pool: add it to the folder and run the quarter again.")
    lines = con.execute(_SPECIAL, {"year": year}).fetchall()
    special: Counter[tuple[str, Key]] = Counter()
    pool_of_line: dict[str, tuple[str, Key]] = {}
    for code, area, insurance, pool, number, stake, is_special in lines:
        place = (str(code), (str(area), str(insurance), str(pool)))
        pool_of_line[str(number)] = place
        if is_special:
            special[place] += fen(stake)
    deducted: Counter[tuple[str, Key]] = Counter()
    for line in assessed(data, scheme).losses:
        if line.addressee == "agency" and line.feedetl_sn in pool_of_line:
            deducted[pool_of_line[line.feedetl_sn]] += line.deduct
    prepaid = _prepaid(con, year)
    parts = []
    for code, area, insurance, pool, spending, persons in con.execute(_SPENDING, {"year": year}).fetchall():
        key = (str(area), str(insurance), str(pool))
        place = (str(code), key)
        paid = prepaid.get((str(code), str(insurance), str(pool)), 0)
        parts.append(Part(key, str(code), fen(spending), special[place], paid, deducted[place], int(persons)))
    con.close()
    return ClearingInput(year, pools, tuple(parts))


def _pools(con: Any, year: int) -> tuple[Pool, ...]:
    rows = con.execute(
        "SELECT admdvs, insutype, opt_pool, control_total, adjustment, elsewhere_amt, share_ratio FROM clearing_pool "
        "WHERE year = $year ORDER BY ALL",
        {"year": year},
    ).fetchall()
    return tuple(
        Pool((str(a), str(i), str(p)), fen(control), fen(change), fen(away), Fraction(exact(ratio)))
        for a, i, p, control, change, away, ratio in rows
    )


def _prepaid(con: Any, year: int) -> dict[tuple[str, str, str], int]:
    rows = con.execute(
        "SELECT fixmedins_code, insutype, opt_pool, sum(paid_amt) FROM prepayment WHERE year = $year GROUP BY ALL ORDER BY ALL",
        {"year": year},
    ).fetchall()
    return {(str(code), str(i), str(pool)): fen(paid) for code, i, pool, paid in rows}
