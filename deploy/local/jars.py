"""Kafka's jars: resolved by jgo, checked one by one against committed hashes before any of them is used."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.places import RUN, CannotRun

KAFKA = "4.3.0"
# log4j binds SLF4J: without a binding Kafka logs nothing; the clients are named because jgo alone picks an older version of them
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA}+org.apache.kafka:kafka-clients:{KAFKA}+org.apache.logging.log4j:log4j-slf4j-impl:2.25.1"
TRIES = (0, 1, 4)
"""Seconds before each attempt to fetch: a short break of the network is no failed start."""
LOCK = Path(__file__).with_name("kafka-jars.lock")
_RESOLVE = (
    "import jgo, pathlib, sys; print(*jgo.build(sys.argv[1], cache_dir=pathlib.Path(sys.argv[2])).all_jars, sep='\\n')"
)


def libraries(cache: Path = RUN / "cache") -> Path:
    """The folder of checked jars, fetched the first time; of several processes one fetches and the others wait for it.

    Raises `CannotRun` when they cannot be fetched or one differs from its committed hash.
    """
    wanted = locked()
    folder = cache / f"kafka-{KAFKA}"
    with _alone(cache):
        if not (folder.is_dir() and {path.name: digest(path) for path in folder.glob("*.jar")} == wanted):
            _fetch(cache, folder, wanted)
    return folder


def _fetch(cache: Path, folder: Path, wanted: dict[str, str]) -> None:
    print("    首次运行,下载Kafka(约43 MB)… / first run: fetching Kafka's jars (about 43 MB) …", flush=True)
    found = resolve(cache)
    if wrong := [name for name, path in found.items() if wanted.get(name) != digest(path)] + [
        n for n in wanted if n not in found
    ]:
        raise CannotRun(
            f"下载的Kafka与锁定的不一致 / Kafka's jars are not the committed ones (kafka-jars.lock): {', '.join(sorted(wrong))}"
        )
    half = folder.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    half.mkdir(parents=True)
    for path in found.values():
        shutil.copy(path, half)
    half.rename(folder)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One process at a time: jgo gives up when another fetches into its folder beside it."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def locked() -> dict[str, str]:
    """File name → SHA-256, as committed."""
    lines = (line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#"))
    return {line[0]: line[1] for line in lines}


def write_lock(cache: Path = RUN / "cache") -> None:
    """Resolve anew and write down the hashes (make jars)."""
    with _alone(cache):
        lines = [f"{name} {digest(path)}" for name, path in sorted(resolve(cache).items())]
    LOCK.write_text("# SHA-256 of every jar that Kafka runs with; made by `make jars`\n" + "\n".join(lines) + "\n")


def resolve(cache: Path) -> dict[str, Path]:
    """Let jgo fetch the jars; everything it keeps stays inside `cache`, also for a user without a home."""
    home = cache / "home"
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    for pause in TRIES:
        time.sleep(pause)
        done = subprocess.run(
            [sys.executable, "-c", _RESOLVE, ENDPOINT, str(cache / "jgo")],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        if not done.returncode:
            break
    else:
        log = cache.parent / "logs" / "kafka-jars.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(done.stdout + done.stderr)
        raise CannotRun(
            f"Kafka(org.apache.kafka {KAFKA})下载失败,请检查网络、代理和证书,详见 {log}"
            f" / Kafka's jars could not be fetched; check network, proxy and certificates, details in {log}"
        )
    paths = [Path(line) for line in done.stdout.splitlines() if line.endswith(".jar")]
    return {path.name: path for path in paths}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
