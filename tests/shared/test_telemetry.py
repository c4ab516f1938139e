"""Logs carry names, numbers and ids; what a person typed never gets in, on whatever way."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CANARY = "张三13800000000"
PROGRAM = f"""
import logging, structlog
from shared.telemetry import configure
configure(service="intake", role="api")
log = structlog.get_logger("x")
log.info("fine", topic="intake.leads", summary={CANARY!r}, name={CANARY!r}, sequence=3)
try:
    raise ValueError({CANARY!r})
except ValueError:
    log.error("fault", exc_info=True)
    logging.getLogger("asyncpg").error("bad value %s", {CANARY!r})
    logging.getLogger("sqlalchemy").error({CANARY!r}, exc_info=True)
    logging.getLogger("whatever").warning({CANARY!r})
"""

FULL_DISK = """
import logging, sys, structlog
from shared.telemetry import configure
configure(service="intake", role="api")
structlog.get_logger("x").info("fine")
logging.getLogger("whatever").warning("bad %s", 1)
sys.stderr.write("went on")
"""


def lines() -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert CANARY not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nothing_that_was_typed_reaches_the_log() -> None:
    told = lines()
    assert len(told) == 5
    assert {line["service"] for line in told} == {"intake"}
    assert (told[0]["topic"], told[0]["sequence"]) == ("intake.leads", 3)
    assert told[1]["error"] == "ValueError"
    assert told[1]["place"].startswith("__main__:")
    assert told[2]["reason"] == "bad value %s"
    assert logging.getLogger().handlers is not None


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    with Path("/dev/full").open("w") as full:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment,
        )
    assert "went on" in done.stderr
    assert "Traceback" not in done.stderr
