"""``rxpanel demo`` and ``rxpanel app``: a simulated city through the whole chain, and the review app on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.gate import Source
from pipelines.progress import Steps, note
from pipelines.run import Draw, run_quarter
from records.output import write_text
from records.periods import Quarter
from records.workplace import Workplace

QUARTER = Quarter.parse("2026Q3")
CAPACITY = 400
_EXPERTS = """expert_id,name,profession,specialty,title,institution,former_institutions,conflicts,capacity
E001,评审专家一,pharmacy,临床药学,主任药师,,,,
E002,评审专家二,medicine,内科,主任医师,,,,
E003,评审专家三,insurance,医保管理,高级经济师,,,,
E004,评审专家四,pharmacy,临床药学,副主任药师,,,,
E005,评审专家五,medicine,心血管内科,副主任医师,,,,
E006,评审专家六,medicine,呼吸内科,主任医师,,,,
"""


def run_demo(persons: int, seed: int, workplace: Workplace, port: int | None) -> None:
    """Simulate, run, fill the expert pool, print accounts, and start the app unless ``port`` is None."""
    from panel.demo import demo_accounts, mark_demo
    from panel.exchange import import_experts
    from panel.store import open_store
    from simulator.city import simulate

    city = workplace.work / "city"
    with Steps(1).step("city", "模拟城市 Simulate a city"):
        simulate(persons, seed, QUARTER, 12, False, city, report=note)
    with open_store(workplace.store_url()) as store:
        mark_demo(store)
        experts = workplace.scratch / "experts.csv"
        write_text(experts, _EXPERTS)
        import_experts(store, experts, "demo")
        accounts = demo_accounts(store, ["E001", "E002", "E003", "E006"])
    record = run_quarter(Source(str(city), QUARTER), Draw(capacity=CAPACITY), workplace)
    record.show()
    sys.stdout.write(f"\nWORK {workplace.work}\n演示账号 demo accounts (role, account, password):\n")
    for role, account, password in accounts:
        sys.stdout.write(f"  {role:<16} {account:<16} {password}\n")
    sys.stdout.flush()
    if port is not None:
        # The accounts just printed are local ones: a provider that serves the real app has no part in the demo.
        os.environ.pop("RXPANEL_OIDC", None)
        start_app(workplace, port)


def start_app(workplace: Workplace, port: int) -> None:
    """Serve the review app on this machine until it is stopped.

    Raises NotFound or WrongUse for settings of an identity provider that cannot be used.
    """
    from panel.oidc import configured

    configured()
    # The app's settings live beside its screens; only the path of the package is needed to start it.
    from importlib.util import find_spec

    spec = find_spec("review_app")
    assert spec is not None
    assert spec.submodule_search_locations
    launcher = Path(next(iter(spec.submodule_search_locations))) / "launch.py"
    sys.stdout.write(f"评审界面 review app: http://127.0.0.1:{port}  (Ctrl+C ends it)\n")
    sys.stdout.flush()
    environment = {**os.environ, "RXPANEL_WORK": str(workplace.work)}
    if environment.get("RXPANEL_OIDC"):
        # The server has a working folder of its own.
        environment["RXPANEL_OIDC"] = str(Path(environment["RXPANEL_OIDC"]).absolute())
    try:
        subprocess.run([sys.executable, str(launcher), str(port)], env=environment, check=False)  # noqa: S603
    except KeyboardInterrupt:
        sys.stdout.write("\n")
