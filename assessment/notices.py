"""Notices to institutions and to the public: Chinese first, suspected points until they are established."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assessment.inputs import AssessmentInput
from assessment.losses import LossLine
from assessment.money import yuan
from assessment.scheme import Scheme
from assessment.scores import Score, number
from panel.exports import mark_of


def percent(value: float | None) -> str:
    """A fraction as per cent; a dash for a missing one."""
    return "—" if value is None or value != value else f"{100 * value:.2f}%"


def notice(
    data: AssessmentInput, estimate: dict[str, Any] | None, score: Score, losses: Sequence[LossLine], scheme: Scheme
) -> str:
    """The notice of one institution, as Markdown. Names no person and no prescriber."""
    name = data.names().get(score.code, score.code)
    lines = [
        f"# 处方点评结果告知书 {data.period}",
        "Notice of prescription review\n",
        f"机构 institution: {name}（{score.code}）",
        f"接收标记 recipient mark: {mark_of(score.code, data.period)}",
        "",
        "本告知书所列均为疑点和评审意见，违规行为由主管部门依法认定。",
        "Everything below is a suspected point or an opinion; only the competent authority establishes a violation.",
        "",
    ]
    if estimate is not None:
        lines += [
            f"- 总体处方 frame: {estimate['n_frame']}；随机抽取 random: {estimate['n_random']}；"
            f"未能判定或未评审 unjudged: {estimate['n_unjudged']}",
            f"- 不合理率 unreasonable rate: {percent(estimate['unreasonable_rate'])}，90%区间 interval "
            f"{percent(estimate['rate_low90'])} – {percent(estimate['rate_high90'])}（{estimate['method']}）",
        ]
    lines += [f"- 得分 score: {number(score.score) or '—'}，等级 grade: {score.grade or '—'}（{score.status}）", ""]
    for deduction in score.deductions:
        lines.append(
            f"- {deduction.line.zh} {deduction.line.en}: 采用 {percent(deduction.limit)}，扣 {number(deduction.points)} 分。"
            f"依据 {deduction.line.clause}"
        )
    mine = [line for line in losses if line.addressee == "agency" and line.deduct]
    if mine:
        head = "| 处方 rxno | 明细 line | 代码 codes | 金额(元) |"
        lines += ["", "## 拟扣款明细 proposed deductions", "", head, "|---|---|---|---|"]
        lines += [
            f"| {line.outcome.rxno} | {line.feedetl_sn} | {' '.join(line.fund_codes)} | {yuan(line.deduct)} |" for line in mine
        ]
    lines += ["", "## 陈述申辩 statements", ""]
    lines += [
        f"- {period.zh} {period.en}: 送达之日起 {period.working_days} 个工作日 working days。{period.clause}"
        for period in scheme.appeals
    ]
    lines += [
        "",
        "逾期未提出的，记为“未收到异议”，不作为认定依据。 Silence is recorded as 'no objection received'.",
        "",
    ]
    return "\n".join(lines)


def public_notice(data: AssessmentInput, scores: Sequence[Score], estimates: list[dict[str, Any]], scheme: Scheme) -> str:
    """What is published: scores, and counts with the small ones suppressed."""
    counts = {row["fixmedins_code"]: row for row in estimates}
    names = data.names()

    def shown(count: Any) -> str:
        return f"<{scheme.small_count}" if 0 < int(count) < scheme.small_count else str(int(count))

    lines = [
        f"# 处方点评公示 {data.period} Public notice",
        "",
        "| 机构 institution | 随机抽取 random | 得分 score | 等级 grade |",
        "|---|---|---|---|",
    ]
    for score in scores:
        row = counts.get(score.code)
        if row is not None:
            cells = (names.get(score.code, score.code), shown(row["n_random"]), number(score.score) or "—", score.grade or "—")
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])
