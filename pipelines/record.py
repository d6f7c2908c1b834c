"""run.json: what a run read, did, switched off and used. Written last: its presence says the run is whole."""

from __future__ import annotations

import platform
import resource
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.tables import show
from records.output import write_json

_LIBRARIES = ("duckdb", "pandas", "pyarrow", "lightgbm", "shap", "mlflow", "great_expectations")


@dataclass
class RunRecord:
    """The record of one run, filled step by step."""

    quarter: str
    folder: Path
    content: dict[str, Any] = field(default_factory=dict)
    switched_off: list[dict[str, Any]] = field(default_factory=list)

    def note(self, **facts: Any) -> None:
        """Add facts."""
        self.content.update(facts)

    def off(self, room: str, entries: list[dict[str, Any]]) -> None:
        """Add what a room switched off, and why."""
        self.switched_off += [{"room": room, **entry} for entry in entries]

    def write(self, timings: dict[str, float]) -> None:
        """Write run.json into the quarter's folder."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        engine = ("pyspark", "sqlglot") if self.content.get("engine") == "spark" else ()
        versions = {name: version(name) for name in ("rxpanel", *_LIBRARIES, *engine)}
        write_json(
            self.folder / "run.json",
            {
                **self.content,
                "quarter": self.quarter,
                "switched_off": self.switched_off,
                "seconds": timings,
                "peak_memory_mb": peak,
                "versions": {**versions, "python": platform.python_version()},
            },
        )

    def show(self) -> None:
        """Print what came of the run, in a few lines."""
        rows: list[list[object]] = [["季度 quarter", self.quarter]]
        rows += [[f"{name} rows", count] for name, count in self.content.get("rows", {}).items()]
        rows += [[f"模型 {name}", _told(model)] for name, model in self.content.get("models", {}).items()]
        if outside := self.content.get("design", {}).get("not_in_frame"):
            zh = f"已开案，沿用原抽样；后来的 {outside} 张处方不在抽样框内"
            en = f"kept, as cases are open; {outside} later are not in it"
            rows.append(["抽样 draw", f"{zh} {en}"])
        rows.append(["已关闭 switched off", f"{len(self.switched_off)} (run.json)"])
        rows.append(["输出 output", str(self.folder)])
        show(["", "结果 result"], rows)


def _told(model: dict[str, Any]) -> str:
    """A model of the quarter in a line: its labels and version, and whether its test showed that it is worth anything."""
    if not model["scored"]:
        return str(model["why"])
    told = f"{model['label_source']} {model['model_version']}"
    rivals = ", ".join(model.get("not_shown_better_than", []))
    return f"{told}；未证实优于 not shown better than {rivals}" if rivals else told
