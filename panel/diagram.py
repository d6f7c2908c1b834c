"""Writes ``docs/workflow.md`` from the workflow's data: ``python -m panel.diagram``."""

from __future__ import annotations

from pathlib import Path

from panel.tables import permissions, roles, states, transitions
from records.output import write_text

PAGE = Path(__file__).parent.parent / "docs" / "workflow.md"


def _workflow(of: str) -> list[str]:
    return [
        "```mermaid",
        "stateDiagram-v2",
        *[f"    {before} --> {after}: {' / '.join(how.by)}" for (before, after), how in transitions(of).items()],
        "```",
        "",
        "| state | 状态 | meaning |",
        "|---|---|---|",
        *[f"| `{name}` | {zh} | {en} |" for name, (zh, en) in states(of).items()],
        "",
        "| from | to | by | step |",
        "|---|---|---|---|",
        *[
            f"| `{before}` | `{after}` | {', '.join(how.by)} | {' '.join(how.step)} |"
            for (before, after), how in transitions(of).items()
        ],
        "",
    ]


def page() -> str:
    """The workflows of a case and a lead as diagrams and tables, and who may do what."""
    lines = [
        "# 评审流程 Workflow of a case and of a lead",
        "",
        "Generated from `panel/workflow.toml` and `panel/permissions.toml` by `python -m panel.diagram`; do not edit.",
        "`system` is the program itself, or an import on the panel's behalf.",
        "",
        "## 病例 Case",
        "",
        *_workflow("case"),
        "## 线索 Lead",
        "",
        *_workflow("lead"),
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
