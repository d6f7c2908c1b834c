"""The whole line behind a score or a prescription's fate, as text that an appeal can be answered with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assessment.exports import Assessed, assessed
from assessment.inputs import AssessmentInput, model_versions
from assessment.money import yuan
from assessment.notices import percent
from assessment.scheme import Scheme
from assessment.scores import number
from records.errors import NotFound

if TYPE_CHECKING:
    import pandas as pd


def explain(data: AssessmentInput, scheme: Scheme, code: str, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Lines for an institution code or a prescription number. Raises NotFound for what is not in the frame.

    ``tables``: findings, scores_prescription and reasons_prescription of the quarter.
    """
    result = assessed(data, scheme)
    if any(item.code == code for item in result.items) or any(score.code == code for score in result.scores):
        return _institution(result, code)
    frames = [part.frame[part.frame["rxno"].astype(str) == code] for part in data.quarters]
    if not any(len(frame) for frame in frames):
        raise NotFound(f"{code} is neither an institution nor a prescription of the frame of {data.period}.")
    return _prescription(result, code, tables)


def _versions(data: AssessmentInput) -> list[str]:
    lines = []
    for part in data.quarters:
        run = part.run
        lines.append(
            f"{part.quarter}: 快照 snapshot {str(run.get('snapshot', ''))[:12]}; 规则库 basis {run.get('basis_version', '')}; "
            f"模型 models {model_versions(run) or '—'}; 设计 design {dict(run.get('design') or {}).get('design_id', '')}"
        )
    return lines


def _institution(result: Assessed, code: str) -> list[str]:
    score = next(score for score in result.scores if score.code == code)
    item = next((item for item in result.items if item.code == code), None)
    lines = [f"{code} {result.data.names().get(code, '')} {result.data.period}", *_versions(result.data)]
    if item is None:
        return [*lines, "没有总体内的处方，不计算比率 no prescription in the frame, no rate"]
    lines.append(
        f"总体 frame {item.n_frame}, 随机 random {len(item.random)}, 已有结论 final {len(item.final)}, "
        f"无法判断 cannot be judged {item.unjudgeable}"
    )
    lines.append(
        f"得分 score {number(score.score) or '—'} {score.grade or ''} ({score.status}), 方案 scheme {result.scheme.version}"
    )
    for deduction in score.deductions:
        shown = deduction.interval
        lines.append(
            f"- {deduction.line.zh}: {percent(shown.point)} [{percent(shown.low)}, {percent(shown.high)}] ({shown.method}), "
            f"采用 used {percent(deduction.limit)}, 允许 allowed {percent(float(deduction.line.allowed_rate))}, "
            f"扣 deducted {number(deduction.points)}; {deduction.line.clause}"
        )
        for outcome in item.final:
            if outcome.verdict_class in deduction.line.classes:
                lines.append(
                    f"    {outcome.case_id} {outcome.rxno} class {outcome.verdict_class} {' '.join(outcome.item_codes)} "
                    f"weight {outcome.weight:.4f}, experts {outcome.experts}"
                )
    for line in item.losses:
        lines.append(
            f"- 审核扣款 audit deduction {line.outcome.rxno} {line.feedetl_sn} {' '.join(line.fund_codes)}: "
            f"损失 loss {yuan(line.loss)}, 扣 deducted {yuan(line.deduct)} 元 {line.note} {line.clause}"
        )
    return lines


def _prescription(result: Assessed, rxno: str, tables: Mapping[str, Any]) -> list[str]:
    lines = [f"{rxno} {result.data.period}", *_versions(result.data)]
    outcome = next((o for item in result.items for o in item.outcomes if o.rxno == rxno), None)
    if outcome is None:
        lines.append("未被抽中 not sampled")
    else:
        lines.append(
            f"{outcome.fixmedins_code}, 抽样 arm {outcome.arm}, weight {outcome.weight:.4f}, case {outcome.case_id}, "
            f"design {outcome.design_id}, order {outcome.draw_order}"
        )
        shown = "—" if outcome.verdict_class is None else str(outcome.verdict_class)
        lines.append(
            f"结论 final class {shown if outcome.closed else '未定 open'} {' '.join(outcome.item_codes)} "
            f"{' '.join(outcome.fund_codes)} experts {outcome.experts or '—'}"
        )
    for row in _mine(tables["findings"], rxno):
        lines.append(f"- 规则 {row['rule_id']} {row['rule_name']} ({row['result_type']}): {row['vola_evid']}; {row['basis']}")
    for row in _mine(tables["scores_prescription"], rxno):
        lines.append(
            f"- 评分 {row['target']} {row['score']:.4f} 第 rank {row['rank']} ({row['model_name']} {row['model_version']}, "
            f"labels {row['label_source']})"
        )
    for row in _mine(tables["reasons_prescription"], rxno):
        lines.append(f"    {row['contribution']:+.4f} {row['reason_zh']} / {row['reason_en']}")
    return lines


def _mine(frame: Any, rxno: str) -> list[dict[str, Any]]:
    return [dict(row) for row in frame[frame["rxno"] == rxno].to_dict("records")]
