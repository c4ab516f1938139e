"""What operators do on purpose, with the load on: a new version is rolled out process by process."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local.places import ROOT
from deploy.local.processes import Child
from tests.faults.clients import start_load
from tests.faults.launch import CRASHED
from tests.faults.ledger import accepted, balance
from tests.faults.restores import RESTORED, restore
from tests.faults.rig import Rig

RATE, LEADS = 40.0, 600

MIGRATION = '''"""How the lead came in."""

from shared.migrations.run import script

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    script("alter table leads add column channel text")
'''


def play() -> list[str]:
    """All drills; → what was not as it should be."""
    return [*rolling_restart(), *(wrong for service in RESTORED for wrong in restore(service))]


def rolling_restart() -> list[str]:
    """New code beside old: an event gets an optional field, intake a `pre` migration; clients see retried connections and nothing else."""
    folder = Path(tempfile.mkdtemp(prefix="xiansuo-rolling-"))
    folder.chmod(0o711)
    rig = Rig(folder / "platform", nodes=1)
    wrong: list[str] = []
    try:
        rig.start()
        load = start_load(rig, folder, LEADS, RATE)
        try:
            new = _new_version(folder / "new")
            _migrate(rig, new)
            for name in sorted(rig.names(), key=lambda name: "api" in name):
                child = rig.platform.children[name]
                child.environment |= {"PYTHONPATH": str(new), "PYTHONSAFEPATH": "1"}
                child.stop()
                rig.launch(name)
                took = rig.healthy([name])
                print(f"   rolling restart: {name} runs the new code after {took:.1f} s", flush=True)
            (folder / "stop").touch()
            if code := load.wait(300):
                wrong.append(f"the load ended with {code}")
        finally:
            if load.poll() is None:
                load.kill()
                load.wait()
        asyncio.run(rig.settled(60))
        found = asyncio.run(balance(rig, accepted(folder / "told"), set()))
        for name in ("lost", "doubled", "reordered", "stuck"):
            wrong += [f"{name}: {sentence}" for sentence in getattr(found, name)[:5]]
        answers = json.loads((folder / "answers").read_text())
        # a step whose answer was lost on a closed connection was done, and says so when it is asked again
        errors = [status for status in answers if status.isdigit() and status not in ("200", "201", "409")]
        if errors:
            wrong.append(f"clients were answered {', '.join(errors)} during a rolling restart")
        told = rig.rows_now("publicity", "select count(*) from facts where codes ? 'channel'")[0][0]
        if not told:
            wrong.append("the new field never reached publicity")
        print(f"   rolling restart: answers {answers}, {told} facts with the new field", flush=True)
    finally:
        rig.stop()
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    return wrong


def _new_version(folder: Path) -> Path:
    for part in ("services", "shared", "deploy"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    contract = folder / "shared/contracts/intake.py"
    text = contract.read_text("utf-8")
    changed = text.replace("    lead_no: LeadNo\n", '    lead_no: LeadNo\n    channel: Code | None = "window"\n', 1)
    assert changed != text
    contract.write_text(changed, "utf-8")
    versions = folder / "services/intake/db/migrations/versions"
    before = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    revision = f"{int(before) + 1:04}"
    (versions / f"{revision}_pre_channel.py").write_text(MIGRATION.format(revision=revision, before=before), "utf-8")
    return folder


def _migrate(rig: Rig, new: Path) -> None:
    """First; and the first attempt dies in the middle."""
    child = Child("migrate", [], rig.platform.environment("intake"), rig.platform.logs / "migrate.log")
    paths = {"PYTHONPATH": f"{new}:{ROOT}", "PYTHONSAFEPATH": "1", "INTAKE_PORT": "1"}
    spec = json.dumps({"crash": "in the middle of migrate", "pass": 1})
    for command, code in (
        (["tests.faults.launch", spec, "intake", "migrate"], CRASHED),
        (["services.intake", "migrate"], 0),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env={**child.environment, **paths},
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
    column = "select 1 from information_schema.columns where table_name = 'leads' and column_name = 'channel'"
    assert rig.rows_now("intake", column) == [(1,)]


if __name__ == "__main__":
    print("\n".join(play()) or "rolling restart: fine")
