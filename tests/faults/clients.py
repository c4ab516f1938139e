"""Starts the load (tests/faults/load.py) against a rig."""

import json
import subprocess
import sys
from pathlib import Path

from deploy.local.places import ROOT
from tests.faults.rig import Rig

PATIENCE = 180.0
"""Seconds after which a client gives up, which is a failure of the platform."""


def start_load(rig: Rig, folder: Path, leads: int, rate: float) -> "subprocess.Popen[str]":
    """Clients at work on intake, in a process of their own."""
    order = {
        "origin": rig.api,
        "tokens": {account: rig.token(account) for account in ("icl", "ana", "ofd")},
        "leads": leads,
        "clients": 24,
        "rate": rate,
        "patience": PATIENCE * rig.slow,
        "assign_every": 4,
        "dual_every": 40,
        **{name: str(folder / name) for name in ("stop", "answers")},
        "out": str(folder / "told"),
    }
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.load"], stdin=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True
    )
    assert load.stdin
    load.stdin.write(json.dumps(order))
    load.stdin.close()
    return load
