"""`make run` as an operator meets it: started, doubled, killed, stopped and started again; nothing stays behind and nothing is lost."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local import issuer
from deploy.local.keys import Keyring
from deploy.local.places import ROOT, RUN, free_port

SECONDS = 120


class Run:
    """The supervisor as a process of its own, in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.output = folder.parent / f"output-{port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.noted: set[tuple[int, str]] = set()
        self.tokens: dict[str, str] = {}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "deploy.local", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XIANSUO_RUN": str(self.folder), "PYTHONUNBUFFERED": "1"}

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command("up", "--port", str(self.port)),
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def once(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    def told(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def wait_for(self, words: str) -> None:
        until(lambda: words in self.told() or not self.alive(), f"{words} was not said")
        assert words in self.told(), self.told()

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def get(self, path: str, account: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(account)}"} if account else {}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10, trust_env=False)

    def token(self, account: str) -> str:
        """As `make token` prints it, the first by the command; they serve until the data are forgotten."""
        if not self.tokens:
            self.tokens[account] = self.once("token", account)[1].strip()
        if account not in self.tokens:
            key = Keyring(self.folder / "keys").signing_key()
            self.tokens[account] = issuer.token(key, (self.folder / "issuer").read_text(), account)
        return self.tokens[account]

    def note(self) -> None:
        """Note which processes this run has now: the supervisor and all that descend from it."""
        assert self.process is not None
        parents = {pid: parent for pid, (parent, _) in alive().items()}
        known = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in known} - known:
            known |= more
        self.noted |= {(pid, alive_since) for pid, (_, alive_since) in alive().items() if pid in known}

    def left(self) -> set[int]:
        """Noted processes that are still there."""
        now = {(pid, since) for pid, (_, since) in alive().items()}
        return {pid for pid, _ in self.noted & now}


def alive() -> dict[int, tuple[int, str]]:
    """Process → its parent and when it began; the ended ones that wait for their parent are not alive."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, *rest = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if state != "Z":
            found[int(entry.name)] = (int(parent), rest[17])
    return found


def until(fits: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def run(server_folders: Path) -> Iterator[Run]:
    folder = server_folders / "run"
    folder.mkdir()
    # the demonstration has tests of its own; this one is about starting and stopping
    (folder / "demo-loaded").touch()
    if (RUN / "cache").exists():
        (folder / "cache").symlink_to(RUN / "cache")
    run = Run(folder, free_port())
    yield run
    if run.alive():
        run.end(signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def operator_looks(run: Run) -> None:
    """Each process's metrics on its own port, and the commands with the right settings."""
    targets = json.loads((run.folder / "targets.json").read_text())
    assert len(targets) == 9  # APIs, workers and the vault
    for target in targets:
        page = httpx.get(f"http://{target['targets'][0]}/metrics", timeout=10, trust_env=False)
        assert 'xiansuo_probe_up{part="database"} 1.0' in page.text, target
    assert run.get("/metrics").status_code == 404
    assert json.loads(run.once("ops", "intake", "lag")[1])["rows"] == 0
    assert run.once("ops", "verification", "held") == (0, "[]\n")
    assert "accept-restore" in run.once("ops", "publicity", "--help")[1]
    status, told = run.once("ops", "intake", "skip", "verification.works", "x", "1", "--reason", "没有这个主题")
    assert (status, told) == (1, "该主题没有此对象 / nothing is known of this subject on this topic\n")


def test_the_platform_starts_stops_and_starts_again_whatever_happens_to_it(run: Run) -> None:
    run.start()
    run.wait_for("已就绪")
    before = run.get("/healthz").json()
    assert before["not_ready"] == []
    assert {"postgres", "kafka", "intake api", "publicity worker 1"} <= set(before["parts"])
    for service in ("intake", "verification", "discipline", "publicity"):
        assert run.get(f"/{service}/v1/docs").status_code == 200
    # the three lines it prints, each with the answer it promises
    for account, path, status in re.findall(r'token AS=(\w+)\)" +"http://127.0.0.1:\d+(/\S+)"(.)', run.told()):
        refused = status == " " and account == "unl"
        assert run.get(path, account).status_code == (403 if refused else 200)
    assert run.told().count("token AS=") == 3
    status, told = run.once("token", "nobody-knows")
    assert status == 1
    assert "ofd" in told

    operator_looks(run)

    # doubled: the same folder, and another folder on the same port
    status, told = run.once("up", "--port", str(free_port()))
    assert (status, "已有一个实例在运行" in told) == (1, True)
    other = Run(run.folder.parent / "other", run.port)
    status, told = other.once("up", "--port", str(run.port))
    assert (status, f"PORT={run.port + 1}" in told) == (1, True)
    assert run.once("reset")[0] == 1

    # a part dies: it is started again, and health said so meanwhile
    run.note()
    assert len(run.left()) >= 11
    command = b"services.discipline\0worker"
    [worker] = [pid for pid in run.left() if command in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(worker, signal.SIGKILL)
    run.wait_for("discipline worker 1 已退出")
    until(lambda: run.get("/healthz").status_code == 200, "the dead part did not come back")

    # asked to stop: in order, and nothing stays behind
    posted = httpx.post(
        f"http://127.0.0.1:{run.port}/intake/v1/leads",
        json={"source": "M", "summary": "重启前登记"},
        headers={"Authorization": f"Bearer {run.token('icl')}", "Idempotency-Key": "k"},
        trust_env=False,
    )
    assert posted.status_code == 201
    run.note()
    assert run.end(signal.SIGTERM) == 0
    assert "已停止" in run.told()
    assert run.left() == set()
    assert run.once("ops", "intake", "lag") == (1, "请先运行 make run / run make run first\n")

    # killed: the kernel takes the parts along, and the next start is none the worse
    run.start()
    run.wait_for("已就绪")
    assert [lead["id"] for lead in run.get("/intake/v1/leads", "ofd").json()["items"]] == [posted.json()["id"]]
    print("\n  second start:", re.findall(r"ready after (\d+) s", run.told()), "s")
    run.note()
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not run.left(), "processes stayed behind after SIGKILL", 30)
    run.start()
    run.wait_for("3/4")
    # Ctrl-C in the middle of a start
    run.note()
    assert len(run.left()) >= 3
    assert run.end(signal.SIGINT) == 0
    assert run.left() == set()
    assert run.once("reset")[0] == 0
    assert {path.name for path in run.folder.iterdir()} <= {"cache", "lock"}


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_port_that_is_none_is_refused(run: Run, port: str) -> None:
    status, told = run.once("up", "--port", port)
    assert (status, "is no port" in told) == (1, True)


def test_a_folder_that_cannot_be_written_is_named(server_folders: Path) -> None:
    file = server_folders / "a-file"
    file.touch()
    run = Run(file / "run", free_port())
    run.output = server_folders / "output"
    status, told = run.once("up", "--port", str(run.port))
    assert status == 1
    assert "cannot be written" in told
