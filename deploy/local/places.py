"""Where things lie on this machine, and as whom the servers run.

PostgreSQL refuses to run as root, so as root both servers run as an unprivileged user. Where that user cannot reach the project's
folder, their data and a copy of the binaries lie under /var/lib, linked from .run; rights of existing folders are never widened.
"""

import ctypes
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUN = Path(os.environ.get("XIANSUO_RUN", ROOT / ".run"))
FULL = 64
"""Megabytes of free disk under which it counts as full: the servers may no longer be able to write."""
PORTS = range(20_000, 32_000)
"""Below the ephemeral range, where a client's port could take a server's."""


class CannotRun(Exception):
    """Something on this machine stands in the way; the text says what, and what to do."""


def unprivileged() -> pwd.struct_passwd | None:
    """The user that servers run as, None when we are not root and simply are that user."""
    return pwd.getpwnam("nobody") if hasattr(os, "geteuid") and os.geteuid() == 0 else None


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments of `subprocess` that start a process as this user."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def reachable(path: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether this user can enter every folder down to `path`."""
    if user is None:
        return True
    path = path.resolve()
    for folder in (path, *path.parents):
        mode = folder.stat()
        right = (
            stat.S_IXUSR if mode.st_uid == user.pw_uid else stat.S_IXGRP if mode.st_gid == user.pw_gid else stat.S_IXOTH
        )
        if not mode.st_mode & right:
            return False
    return True


def server_folder(wanted: Path) -> Path:
    """A folder that the servers' user owns and reaches: `wanted`, or one under /var/lib that `wanted` then links to.

    A folder that came to lie where the user cannot reach it (a clone that was moved) moves there with what it holds.
    """
    user = unprivileged()
    if wanted.is_symlink():
        real = wanted.resolve()
        real.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif _made_within_reach(wanted.parent, user):
        wanted.mkdir(mode=0o700, exist_ok=True)
        real = wanted
    else:
        # a new name each time: one made from the path could meet what a deleted or moved clone left there
        real = Path(tempfile.mkdtemp(prefix="xiansuo-", dir="/var/lib"))
        if wanted.exists():
            real.rmdir()
            shutil.move(wanted, real)
        wanted.symlink_to(real)
    if user:
        os.chown(real, user.pw_uid, user.pw_gid)
    return real


def _made_within_reach(folder: Path, user: pwd.struct_passwd | None) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    return reachable(folder, user)


def forget(folder: Path) -> None:
    """Remove a server's folder and what it links to."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def copied_if_needed(package: Path, beside: Path) -> Path:
    """A package of binaries, or a copy of it in `beside` where the servers' user cannot reach it.

    The libraries that a wheel brings lie in a folder beside the package (`<name>.libs`), and its programs find them there.
    """
    if reachable(package, unprivileged()):
        return package
    whole = beside / "packages"
    if not whole.exists():
        half = whole.with_name("packages.part")
        shutil.rmtree(half, ignore_errors=True)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, half / part.name, symlinks=True)
        half.rename(whole)
    return whole / package.name


def package_folder(name: str) -> Path:
    """Where a package of binaries lies, found without importing it: an import may warn about the user's folders, which we do not use."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise CannotRun(f"缺少软件包 / package not installed: {name}")
    return Path(found.submodule_search_locations[0])


def free_port(preferred: int | None = None) -> int:
    """A port on loopback that nobody listens on, the preferred one if it is free; never the same twice while this process lives, nor for
    two of one user: a server may listen seconds after its port was chosen."""
    start = os.getpid() * 97
    for port in ([preferred] if preferred else []) + [PORTS[(start + step) % len(PORTS)] for step in range(0, 4000, 7)]:
        if port_is_free(port) and _hold(port):
            return port
    raise CannotRun("找不到可用端口 / no free port between 20000 and 32000 on 127.0.0.1")


def _hold(port: int) -> bool:
    """Whether the port's file was locked now, for as long as this process lives; False when it was given before, here or elsewhere."""
    folder = Path(tempfile.gettempdir()) / f"xiansuo-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(folder / str(port), os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True


def port_is_free(port: int) -> bool:
    """Whether we could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def dying_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel sends this signal when the parent is gone, so that nothing stays behind even after SIGKILL."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def set_signal() -> None:
        libc.prctl(1, with_signal)
        if os.getppid() != parent:
            os._exit(1)

    return set_signal
