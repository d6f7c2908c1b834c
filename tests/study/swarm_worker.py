"""Some of the simulated experts at work, in a process that may be killed: ``python -m tests.study.swarm_worker URL IDS``."""

from __future__ import annotations

import hashlib
import sys

from panel.service import PanelService
from panel.sessions import Actor
from panel.store import Store, open_store
from panel.verdict_input import LineInput, VerdictInput

CODES = {"1": "1-10", "2": "2-5", "3": "3-1"}


def number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:6], "big")


def opinion(case_id: str, expert_id: str) -> VerdictInput:
    """What an expert thinks of a case, always the same: mostly what the case is, sometimes something of their own."""
    own = number("own", case_id, expert_id) % 100 < 25
    kind = number("which", case_id, expert_id if own else "") % 20
    name = "0" if kind < 11 else "1" if kind < 14 else "2" if kind < 17 else "3" if kind < 19 else "U"
    if name in ("0", "U"):
        return VerdictInput(name, seconds=kind)
    lines = (LineInput(1, fund_codes=("F38-2d",), loss_amt=f"{kind}.50"),) if name == "2" else ()
    return VerdictInput(name, item_codes=(CODES[name],), lines=lines, seconds=kind)


def work(store: Store, expert_id: str) -> None:
    """Judge whatever waits; some cases are opened first, some drafts kept, some verdicts sent twice or changed."""
    panel = PanelService(store, Actor(expert_id, expert_id, frozenset({"expert"}), expert_id))
    for row in panel.my_queue():
        if row["mine_submitted"]:
            continue
        case_id, chance = row["case_id"], number("habit", row["case_id"], expert_id) % 20
        if chance == 0:
            assert panel.open_case(case_id)["blind"]
            panel.save_draft(case_id, {"comment": "…"})
        panel.submit_verdict(case_id, opinion(case_id, expert_id), f"{case_id} {expert_id}")
        if chance == 1:
            assert not panel.submit_verdict(case_id, opinion(case_id, expert_id), f"{case_id} {expert_id}")


if __name__ == "__main__":
    with open_store(sys.argv[1]) as opened:
        for name in sys.argv[2].split(","):
            work(opened, name)
