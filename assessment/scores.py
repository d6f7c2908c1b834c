"""Scores of institutions by the scheme, and the comparison of like with like."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from assessment.estimates import Reviewed
from assessment.estimators import Interval, rate
from assessment.inputs import AssessmentInput, column
from assessment.money import half_up
from assessment.scheme import RateLine, Scheme

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Deduction:
    """Points one line of the scheme takes from an institution. ``limit`` = the rate that was used."""

    line: RateLine
    interval: Interval
    limit: float
    points: Fraction


@dataclass(frozen=True)
class Score:
    """Result of one institution. ``status``: final, provisional (too few verdicts), no_verdicts, no_rate."""

    code: str
    comparison_class: str
    status: str
    deductions: tuple[Deduction, ...]
    score: Fraction | None
    grade: str | None
    coverage: float | None
    decision: str
    rank: int | None = None
    comparables: int = 0

    @property
    def deducted(self) -> Fraction:
        """Points deducted in all, never above what the scheme gives."""
        return sum((deduction.points for deduction in self.deductions), Fraction(0))


def score_institutions(data: AssessmentInput, items: list[Reviewed], scheme: Scheme) -> list[Score]:
    """Score every institution, by code. Findings of the targeted and clue arms never enter.

    Institutions without a prescription in the frame (pharmacies) have status ``no_rate``. Raises WrongUse when
    the scheme is not valid for the period.
    """
    lines = scheme.lines_of(data.begin.begin.date(), data.last.end.date())
    classes = comparison_classes(data)
    decided = _decisions(data)
    scored = [_score(item, lines, scheme, classes.get(item.code, ""), decided.get(item.code, "")) for item in items]
    known = {item.code for item in items}
    without = [
        Score(code, kind, "no_rate", (), None, None, None, decided.get(code, ""))
        for code, kind in classes.items()
        if code not in known
    ]
    return sorted(_ranked(scored, scheme) + without, key=lambda score: score.code)


def comparison_classes(data: AssessmentInput) -> dict[str, str]:
    """The class within which an institution is compared: kind or level, Chinese-medicine ones apart."""
    rows = data.institutions
    names = ("fixmedins_code", "inst_class", "hosp_lv", "tcm_flag")
    found = {}
    for code, kind, level, tcm in zip(*(column(rows, name) for name in names), strict=True):
        plain = f"class {kind}" if kind else f"level {level}" if level else "other"
        found[str(code)] = f"{plain} TCM" if tcm in (1, True, "1") else plain
    return found


def _decisions(data: AssessmentInput) -> dict[str, str]:
    rows = data.decisions
    if rows is None:
        return {}
    found: dict[str, str] = {}
    for code, decision in zip(rows["fixmedins_code"].astype(str), rows["decision"].astype(str), strict=True):
        found[code] = "terminated" if "terminated" in (decision, found.get(code)) else decision
    return found


def _score(item: Reviewed, lines: tuple[RateLine, ...], scheme: Scheme, kind: str, decision: str) -> Score:
    coverage = item.coverage
    if not item.final:
        return Score(item.code, kind, "no_verdicts", (), None, None, coverage, decision)
    deductions = tuple(_deduction(item, line, scheme.confidence) for line in lines)
    if coverage is None or Fraction(len(item.final), len(item.random)) < scheme.minimum_coverage:
        return Score(item.code, kind, "provisional", deductions, None, None, coverage, decision)
    lost = min(sum((deduction.points for deduction in deductions), Fraction(0)), scheme.standard_points)
    score = two_decimals((scheme.standard_points - lost) / scheme.standard_points * 100)
    grade = scheme.grade(score)
    if decision == "serious" and score > 60:
        score, grade = Fraction(60), scheme.grade(Fraction(60))
    if decision == "terminated":
        grade = scheme.grades[-1][0]
    return Score(item.code, kind, "final", deductions, score, grade, coverage, decision)


def _deduction(item: Reviewed, line: RateLine, confidence: float) -> Deduction:
    interval = rate(item.strata(line.classes), confidence)
    used = interval.low if line.limit == "low" else interval.point
    limit = used if used is not None else 0.0
    excess = max(Fraction(0), Fraction(limit).limit_denominator(10**9) - line.allowed_rate)
    return Deduction(line, interval, limit, min(line.cap, two_decimals(excess * 100 * line.points_per_percent)))


def two_decimals(value: Fraction) -> Fraction:
    """Rounded to two decimals, half up."""
    return Fraction(half_up(value * 100), 100)


def _ranked(scores: list[Score], scheme: Scheme) -> list[Score]:
    """Ranks within a class, 1 = best, equal scores share one; none where too few can be compared."""
    from dataclasses import replace

    ranked = []
    for score in scores:
        others = [
            other.score for other in scores if other.comparison_class == score.comparison_class and other.score is not None
        ]
        rank = None
        if score.score is not None and len(others) >= scheme.minimum_comparables:
            rank = 1 + sum(other > score.score for other in others)
        ranked.append(replace(score, rank=rank, comparables=len(others)))
    return ranked


def number(value: Fraction | None) -> str | None:
    """Points and scores as text with two decimals; None stays None."""
    return None if value is None else f"{float(value):.2f}"


def score_table(scores: list[Score], data: AssessmentInput, scheme: Scheme) -> pd.DataFrame:
    """institution_scores.csv. Grain: one row an institution, by code.

    ``score`` 0..100 with two decimals, empty unless status is final; ``points_*``: out of the points that
    prescription review carries in the whole assessment. For each line of the scheme: ``<line>_rate``,
    ``<line>_limit`` (the limit used; fractions), ``<line>_points`` (deducted) and ``<line>_clause``.
    """
    import pandas as pd

    names = data.names()
    lines = scheme.lines_of(data.begin.begin.date(), data.last.end.date())
    rows: list[dict[str, Any]] = []
    for score in scores:
        earned = None if score.score is None else max(Fraction(0), scheme.standard_points - score.deducted)
        row: dict[str, Any] = {
            "fixmedins_code": score.code,
            "fixmedins_name": names.get(score.code, ""),
            "status": score.status,
            "score": number(score.score),
            "grade": score.grade,
            "comparison_class": score.comparison_class,
            "rank": score.rank,
            "comparables": score.comparables,
            "coverage": score.coverage,
            "points_standard": number(scheme.standard_points),
            "points_deducted": number(score.deducted) if score.deductions else None,
            "points_earned": number(earned),
            "decision": score.decision,
        }
        taken = {deduction.line.id: deduction for deduction in score.deductions}
        for line in lines:
            deduction = taken.get(line.id)
            row[f"{line.id}_rate"] = deduction.interval.point if deduction else None
            row[f"{line.id}_limit"] = deduction.limit if deduction else None
            row[f"{line.id}_points"] = number(deduction.points) if deduction else None
            row[f"{line.id}_clause"] = line.clause
        rows.append({**row, "scheme_version": scheme.version})
    return pd.DataFrame(rows).astype({"rank": "Int64"})
