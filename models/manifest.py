"""What stands beside a model file: its manifest, and a model card for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from models.boosting import parameters
from models.calibration import entry_of
from models.definitions import feature_manifest
from models.plain import without_nan
from models.subgroups import MEASURES
from models.training import Trained


def manifest_of(trained: Trained, facts: dict[str, Any]) -> dict[str, Any]:
    """Everything that must be known to use and judge the model, as JSON has it.

    ``facts`` = what the caller knows of the data (snapshot digest, as-of, basis version).
    """
    spec = trained.spec
    content = {
        "model": spec.name,
        "target": spec.target,
        "grain": spec.grain,
        "model_version": trained.version,
        "features": trained.names,
        "groups": trained.groups,
        "calibration": entry_of(trained.calibration),
        "label_source": trained.label_source,
        "labels": trained.labels,
        "quarters": trained.quarters,
        "rounds": trained.rounds,
        "parameters": dict(spec.parameters),
        "constrained": dict(spec.constrained),
        "data_hash": trained.data_hash,
        "feature_manifest": feature_manifest(spec.grain, trained.names),
        "usual": trained.usual,
        "distribution": {name: asdict(entry) for name, entry in trained.distribution.items()},
        "metrics": trained.metrics,
        **facts,
    }
    return dict(without_nan(content))


def logged_parameters(trained: Trained) -> dict[str, Any]:
    """Parameters as an experiment tracker lists them; the number of threads is left to the machine."""
    used = parameters(trained.spec, 0)
    return {**{name: value for name, value in used.items() if name != "num_threads"}, "rounds": trained.rounds}


def logged_metrics(metrics: dict[str, Any]) -> dict[str, float]:
    """Metrics with their 90 % limits as flat numbers; what could not be measured is left out."""
    flat: dict[str, float] = {}
    for kind in ("average_precision", "gain"):
        for name, entry in metrics[kind].items():
            plain = kind if name == "model" else f"{kind}.{name.replace(' ', '_')}"
            low, high = entry["interval90"]
            flat |= {plain: entry["value"], f"{plain}.low90": low, f"{plain}.high90": high}
    for name, (low, high) in metrics["intervals90"].items():
        flat |= {name: metrics[name], f"{name}.low90": low, f"{name}.high90": high}
    flat |= {name: float(metrics[name]) for name in ("rows", "positives", "prevalence")}
    return {name: value for name, value in flat.items() if value == value}


def model_card(manifest: dict[str, Any]) -> str:
    """A model card, Chinese first."""
    metrics, labels = manifest["metrics"], manifest["labels"]
    weak = "（弱标签：仅由规则发现推断，未经人工评判 weak: inferred from rule findings, judged by nobody）"
    source = manifest["label_source"]
    lines = [
        f"# {manifest['model']} {manifest['model_version']}",
        "",
        f"- 标签来源 label source: {source}{weak if 'weak' in source else ''}",
        f"- 标签数 labels: 阳性 positive {labels['positive']}, 阴性 negative {labels['negative']}, "
        f"推定阴性 presumed negative {labels['presumed_negative']}",
        f"- 训练季度 training quarters: {', '.join(manifest['quarters'])}",
        f"- 特征 features: {len(manifest['features'])}; 树 trees: {manifest['rounds']}",
        f"- 评估方式 evaluation: {metrics['kind']}",
        f"- 权重 weights: {metrics['weighting']}",
        f"- 评估行数 rows: {metrics['rows']}, 阳性 positive {metrics['positives']}",
        "",
        "| 平均精度 average precision | 值 value | 90% |",
        "|---|---|---|",
        *(_row(name, entry["value"], entry["interval90"]) for name, entry in metrics["average_precision"].items()),
        "",
        f"| 其他指标 other measures (top {metrics['capacity_share']:.0%}) | 值 value | 90% |",
        "|---|---|---|",
        *(_row(name, metrics[name], limits) for name, limits in metrics["intervals90"].items()),
        "",
        *_subgroup_lines(metrics.get("subgroups", [])),
        "评分只是疑点指向，不是违规认定；是否违规由有权机关依程序认定。",
        "A score points at a suspected item; only the competent authority can establish a violation.",
        "",
    ]
    return "\n".join(lines)


def _subgroup_lines(told: list[dict[str, Any]]) -> list[str]:
    if not told:
        return []
    lines = [
        f"| {entry['by']} | {entry['value']} | {entry['rows']} | {entry['positives']} | "
        + " | ".join(_span(entry[name]["value"], entry[name]["interval90"]) for name in MEASURES)
        + " |"
        for entry in told
    ]
    head = "| 分组 by | 值 value | 行 rows | 阳性 + | 准确率 precision | 漏查 missed | 误查 false | 预测偏差 gap |"
    return [head, "|---|---|---|---|---|---|---|---|", *lines, ""]


def _span(value: float | None, limits: list[float | None]) -> str:
    shown = ["-" if number is None else f"{number:.3f}" for number in (value, *limits)]
    return f"{shown[0]} ({shown[1]} .. {shown[2]})"


def _row(name: str, value: float | None, limits: list[float | None]) -> str:
    shown = ["-" if number is None else f"{number:.3f}" for number in (value, *limits)]
    return f"| {name} | {shown[0]} | {shown[1]} .. {shown[2]} |"
