"""`make run`: checks, starts all parts in order, loads the demonstration once, watches over the parts, stops everything in order."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from deploy.local.places import FULL, ROOT, RUN, CannotRun, port_is_free
from deploy.local.platform import Platform
from deploy.local.processes import AskedToStop, asked_to_stop, heed_signals, pause

NEEDED = 1024
"""Megabytes of disk to start with."""
MOST_DEATHS, WITHIN = 5, 60.0


class Part(Protocol):
    """What the watch needs of a part."""

    def alive(self) -> bool: ...
    def start(self) -> None: ...
    def tail(self) -> str: ...


def up(port: int, *, demo: bool = True) -> int:
    """Run until asked to stop. → 0 after an orderly stop, 1 when something stood in the way (the reason is printed)."""
    heed_signals()
    platform: Platform | None = None
    try:
        with _alone(RUN):
            _check(port)
            started = time.monotonic()
            platform = Platform(RUN, port=port)
            _start(platform)
            if demo:
                _load_demo(platform)
            _tell(platform, time.monotonic() - started)
            _watch(platform)
    except AskedToStop:
        _say("正在停止 / stopping …")
        return 0
    except CannotRun as reason:
        if asked_to_stop():
            # Ctrl-C in a terminal also reaches the tools that we were waiting for
            return 0
        _say(f"无法运行 / cannot run: {reason}")
        if RUN.exists() and (free := _free_megabytes()) < FULL:
            _say(
                f"磁盘已满(剩余 {free} MB),清理后再次 make run,数据仍在 / the disk is full; make room and run again, the data are kept"
            )
        return 1
    except OSError as fault:
        _say(f"无法运行 / cannot run: {fault.strerror or fault} ({fault.filename or RUN})")
        return 1
    finally:
        if platform is not None:
            platform.stop()
            _say("已停止,数据保留在 .run / stopped; the data stay in .run")
    return 0


def _start(platform: Platform) -> None:
    _say("1/4 启动数据库与消息服务 / PostgreSQL and Kafka")
    platform.start_servers()
    _say("2/4 建库、建表、建主题 / databases, schemas, topics, rights")
    platform.prepare()
    _say("3/4 启动四个服务 / four services: API and worker each")
    platform.start_services()
    platform.wait_ready()


def _load_demo(platform: Platform) -> None:
    marker = platform.folder / "demo-loaded"
    if marker.exists():
        _say("4/4 示例数据已在 / the demonstration is loaded")
        return
    _say("4/4 载入示例台账 / loading the demonstration ledger")
    loader = [
        sys.executable,
        "-m",
        "deploy.local.demo.load",
        "--origin",
        platform.origin,
        "--run",
        str(platform.folder),
    ]
    process = subprocess.Popen(loader, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True)
    try:
        while process.poll() is None:
            pause(0.2)
        if process.returncode:
            raise CannotRun(
                "示例数据载入未完成,再次 make run 会接着做 / the demonstration was not loaded whole; make run again goes on with it"
            )
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    marker.touch()


def _check(port: int) -> None:
    if not 1 <= port <= 65535:
        raise CannotRun(f"端口 {port} 无效 / {port} is no port")
    if not port_is_free(port):
        raise CannotRun(
            f"端口 {port} 已被占用,可换一个:make run PORT={port + 1} / port {port} is taken; try make run PORT={port + 1}"
        )
    if (free := _free_megabytes()) < NEEDED:
        raise CannotRun(f"磁盘剩余 {free} MB,至少需要 {NEEDED} MB / {free} MB of disk are free, {NEEDED} are needed")


def _free_megabytes() -> int:
    return shutil.disk_usage(RUN.resolve()).free // 1024**2


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One platform a folder. The lock is the kernel's: it is gone with its holder, so it can never be stale."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as fault:
        raise CannotRun(f"不能写入 {folder} / {folder} cannot be written ({fault.strerror})") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotRun("已有一个实例在运行 / the platform is already running from this folder") from None
        yield


def is_running(folder: Path = RUN) -> bool:
    """Whether a platform holds the folder."""
    if not (folder / "lock").exists():
        return False
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _watch(platform: Platform) -> None:
    """Start again what dies, more and more slowly; give up when something dies again and again."""
    parts: dict[str, Part] = {"kafka": platform.kafka, **platform.children}
    if platform.postgres is not None:
        parts = {"postgres": platform.postgres, **parts}
    deaths: dict[str, deque[float]] = {name: deque(maxlen=MOST_DEATHS) for name in parts}
    while True:
        for name, part in parts.items():
            if part.alive():
                continue
            now = time.monotonic()
            deaths[name].append(now)
            if len(deaths[name]) == MOST_DEATHS and now - deaths[name][0] < WITHIN:
                raise CannotRun(
                    f"{name} 一分钟内退出{MOST_DEATHS}次 / {name} ended {MOST_DEATHS} times in a minute:\n{part.tail()}"
                )
            _say(f"{name} 已退出,正在重启 / {name} ended, starting it again")
            pause(min(4.0, 0.5 * len(deaths[name])))
            part.start()
        pause(0.5)


def _tell(platform: Platform, seconds: float) -> None:
    origin = platform.origin
    token: Callable[[str], str] = lambda account: f'-H "Authorization: Bearer $(make -s token AS={account})"'  # noqa: E731 - one line, used thrice
    database = "" if platform.postgres is None else f"   PostgreSQL 127.0.0.1:{platform.postgres.port}"
    _say(
        f"""
已就绪 / ready after {seconds:.0f} s
  {origin}                      入口 / the one origin
  {origin}/intake/v1/docs       线索受理    {origin}/verification/v1/docs   线索核查
  {origin}/discipline/v1/docs   纪委监委    {origin}/publicity/v1/docs      宣传发动
  {origin}/healthz              运行状态    {database}   Kafka {platform.kafka.bootstrap}
  日志 / logs: {platform.logs}   指标端口 / ports of /metrics: {platform.targets}

试一试 / try:
  curl -s {token("ldr")} "{origin}/publicity/v1/figures?as_of=2018-09-18"
  curl -s {token("ofd")} "{origin}/intake/v1/leads?limit=3"
  curl -s {token("unl")} "{origin}/discipline/v1/legs"     # 另一方无权查看 / refused: the other side's wall

按 Ctrl-C 停止 / Ctrl-C stops everything"""
    )


def _say(text: str) -> None:
    print(text, flush=True)
