"""What verdicts made of a rule's findings: judged, upheld, and how far the share can be trusted.

A finding is judged when its prescription has a final class (0-3). It is upheld when the verdict names one of the rule's
review item or fund codes; where the verdict names no code, or the rule has none, when its class is 1 or worse. The
interval is Wilson's, two-sided 90 %. Prescriptions that were drawn because of a finding are among them, so the share
speaks of the rule, never of an institution.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.periods import Quarter
from records.source import parquet
from records.workplace import Workplace

if TYPE_CHECKING:
    import pandas as pd

    from basis.rulebook import Rule
    from records.snapshot import Snapshot

COLUMNS = (
    "rule_id", "rule_name", "findings", "prescriptions", "judged", "upheld", "upheld_rate", "rate_low90", "rate_high90",
)  # fmt: skip
#: Verdicts by prescription: class, item and fund codes.
Verdicts = dict[str, tuple[int, frozenset[str]]]


def upheld_of(workplace: Workplace, quarters: Iterable[Quarter] | None = None) -> pd.DataFrame:
    """Every rule that found anything in finished runs. Grain: a row a rule, noisiest (least upheld) first.

    ``judged`` and ``upheld`` count prescriptions; rates are missing where nothing is judged.
    """
    import pandas as pd

    verdicts = store_verdicts(workplace)
    by_rule: dict[tuple[str, str], list[Any]] = {}
    for quarter in quarters if quarters is not None else workplace.quarters():
        for row in _found(workplace.quarter(quarter) / "findings.parquet"):
            entry = by_rule.setdefault((row[0], row[1]), [0, {}])
            entry[0] += row[3]
            if row[2] is not None:
                entry[1][row[2]] = row[4]
    rows = []
    for (rule_id, name), (findings, prescriptions) in by_rule.items():
        judged, upheld = count(prescriptions, verdicts)
        rows.append((rule_id, name, findings, len(prescriptions), judged, upheld, *rate(upheld, judged)))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.sort_values(["upheld_rate", "judged", "rule_id"], ascending=[True, False, True], ignore_index=True)


def rate(upheld: int, judged: int) -> tuple[float | None, float | None, float | None]:
    """Share upheld with the limits of its 90 % interval; None where nothing is judged."""
    if not judged:
        return None, None, None
    from scipy.stats import binomtest

    interval = binomtest(upheld, judged).proportion_ci(0.9, method="wilson")
    return upheld / judged, float(interval.low), float(interval.high)


def count(prescriptions: dict[str, frozenset[str]], verdicts: Verdicts) -> tuple[int, int]:
    """How many of the prescriptions (each with its rule's codes) were judged, and how many of those upheld."""
    judged = [name for name in prescriptions if name in verdicts]
    return len(judged), sum(_upholds(prescriptions[name], *verdicts[name]) for name in judged)


def codes_of(*texts: object) -> frozenset[str]:
    """Codes of space-separated texts; what is no text (a frame's missing value) has none."""
    return frozenset(" ".join(text for text in texts if isinstance(text, str)).split())


def rule_codes(rule: Rule) -> frozenset[str]:
    """Review item and fund codes of a rule."""
    return codes_of(rule.item_codes, rule.fund_codes)


def store_verdicts(workplace: Workplace) -> Verdicts:
    """Final verdicts of this work folder's store, by prescription; none where there is no store."""
    from panel.store import open_store
    from panel.verdicts import final_verdicts

    url = workplace.store_url()
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return {}
    with open_store(url) as store:
        frame = final_verdicts(store)
    judged = frame[frame["judged"]]
    chosen = judged[["rxno", "verdict_class", "item_codes", "fund_codes"]].itertuples(index=False, name=None)
    return {rxno: (int(verdict), codes_of(items, funds)) for rxno, verdict, items, funds in chosen}


def past_verdicts(con: Any, snapshot: Snapshot) -> Verdicts:
    """Verdicts that came with the data, by prescription."""
    rows = con.execute(
        f"SELECT rxno, verdict_class, item_codes, fund_codes FROM {parquet(snapshot.file('past_verdict'))} "
        "WHERE verdict_class IS NOT NULL"
    ).fetchall()
    return {rxno: (int(verdict), codes_of(items, funds)) for rxno, verdict, items, funds in rows}


def _upholds(codes: frozenset[str], verdict_class: int, named: frozenset[str]) -> bool:
    return bool(codes & named) if codes and named else verdict_class >= 1


def _found(path: Path) -> list[tuple[str, str, str | None, int, frozenset[str]]]:
    """Findings of a run by rule and prescription: rule, name, prescription, findings, the rule's codes then."""
    from records.asof import connect

    if not path.exists():
        return []
    con = connect(1, "1GB")
    rows = con.execute(
        "SELECT rule_id, rule_name, rxno, count(*), max(item_codes), max(fund_codes) "
        f"FROM {parquet(path)} GROUP BY rule_id, rule_name, rxno ORDER BY ALL"
    ).fetchall()
    con.close()
    return [(rule, name, rxno, number, codes_of(items, funds)) for rule, name, rxno, number, items, funds in rows]
