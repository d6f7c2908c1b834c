"""Simulated experts in processes that are killed: the small size of ``make study AREA=panel``."""

from __future__ import annotations

import pytest

from panel.store import Store


def test_killed_processes_lose_and_double_no_verdict(store: Store) -> None:
    from tests.study.swarm import swarm

    url = store.engine.url.render_as_string(hide_password=False)
    found = swarm(url, experts=40, verdicts=800, kills=6)
    assert (found.verdicts, found.faults) == (800, [])
    # A machine of speed may be done before the last is killed.
    assert 3 <= found.kills <= 6
    for name, value in found.expected.items():
        assert found.agreement[name] == pytest.approx(value, abs=1e-12), name
        low, high = found.agreement["intervals"][name]
        assert low < value < high
