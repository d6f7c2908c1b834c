"""The notice of the draw: what an institution is told, and with what it can redraw its random arm. Chinese first."""

from __future__ import annotations

from sampling.frames import FrameExport

HIDDEN = "SEED"
#: How a seed came to be, as the notice says it: its hash was published first, or somebody chose it, or it follows.
ORIGINS = {
    "committed": ("先于抽样框公布", "published before the frame"),
    "given": ("种子由经办机构给定，未事先公布", "the seed was given by the agency, nothing published before"),
    "derived": ("种子由季度和抽样方案推出，未事先公布", "the seed follows from quarter and design, nothing published before"),
}


def draw_notice(
    export: FrameExport, name: str, quarter: str, seed_sha256: str, origin: str, seed: str | None, mark: str
) -> str:
    """The notice as Markdown. ``origin`` = one of ORIGINS; ``seed`` None = not yet published: SEED holds its place.

    ``mark`` = the mark of the institution that it is for.
    """
    zh, en = ORIGINS[origin]
    lines = [
        f"# 处方点评抽样告知书 {quarter}",
        "Notice of the draw",
        "",
        f"机构 institution: {name}（{export.code}）",
        f"接收标记 recipient mark: {mark}",
        "",
        f"- 抽样框 frame: `{export.file_name}`，SHA-256 `{export.sha256}`",
        f"- 种子的 SHA-256（{zh}） hash of the seed ({en}): `{seed_sha256}`",
        f"- 种子 seed: {f'`{seed}`' if seed else '抽样框公布之后公布 published after the frames'}",
    ]
    if export.prob < 1:
        lines += [
            f"- 本机构入样概率 probability of this institution: {export.prob:.6g}；"
            f"本季度（依此前各季度） this quarter, given those before: {export.chance:.6g}；"
            f"{'已入样 drawn' if export.drawn else '未入样 not drawn'}",
            f'  （HMAC-SHA256(seed, "institution:{export.code}") 的前 8 字节 / 2^64 小于概率即入样）',
        ]
    lines += ["", "| 层 stratum | 总体 units | 随机抽取 drawn | 入样概率 probability |", "|---|---|---|---|"]
    for stratum, (count, n) in export.sizes.items():
        taken = n if export.drawn else 0
        lines.append(f"| {stratum} | {count} | {taken} | {export.prob * n / count:.6g} |")
    return "\n".join([*lines, "", *redraw_part(export, seed), ""])


def redraw_part(export: FrameExport, seed: str | None) -> list[str]:
    """Lines of Markdown: the script, how it is called, and what its output means."""
    return [
        "## 重新抽取 redraw",
        "",
        "把下面十行存为 redraw.py，用任何一台装有 Python 3 的电脑运行，得到的处方号应与随机抽取名单完全一致。",
        "Saved as redraw.py these ten lines print the random arm of the strata above on any computer with Python 3.",
        "",
        "```python",
        export.script.rstrip("\n"),
        "```",
        "",
        "```sh",
        export.command(seed or HIDDEN),
        "```",
    ]
