"""Writes ``docs/workflow.md`` from the workflow's data: ``python -m panel.diagram``."""

from __future__ import annotations

from pathlib import Path

from panel.tables import permissions, roles, states, transitions
from records.output import write_text

PAGE = Path(__file__).parent.parent / "docs" / "workflow.md"


def page() -> str:
    """The workflow of a case as a diagram and tables, and who may do what."""
    lines = [
        "# 评审流程 Workflow of a case",
        "",
        "Generated from `panel/workflow.toml` and `panel/permissions.toml` by `python -m panel.diagram`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *[f"    {before} --> {after}: {owner}" for (before, after), owner in transitions().items()],
        "```",
        "",
        "| state | 状态 | meaning |",
        "|---|---|---|",
        *[f"| `{name}` | {zh} | {en} |" for name, (zh, en) in states().items()],
        "",
        "## 权限 Permissions",
        "",
        "| | " + " | ".join(f"{zh} {en}" for zh, en in roles().values()) + " |",
        "|---" * (len(roles()) + 1) + "|",
        *[
            f"| `{name}` | " + " | ".join("●" if role in who else "" for role in roles()) + " |"
            for name, who in permissions().items()
        ],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(PAGE, page())
