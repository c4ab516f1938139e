"""`python -m deploy.local {up|token|audit|ops|reset|jars}`: what the Makefile calls."""

import argparse
import json
import os
import subprocess
import sys
from typing import NoReturn

from deploy.local import issuer, jars
from deploy.local.audit import audit
from deploy.local.keys import Keyring
from deploy.local.places import ROOT, RUN, CannotRun, forget
from deploy.local.up import is_running, up
from shared.contracts.topics import SERVICES


def main() -> int:
    """Play the command; a reason for not doing it goes to standard error, with exit 1."""
    try:
        return _play()
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 1


def _play() -> int:
    parser = _Parser(prog="python -m deploy.local")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("up", help="run the whole platform here")
    run.add_argument("--port", nargs="?", default="8080", const="")
    run.add_argument("--no-demo", action="store_true")
    token = commands.add_parser("token", help="print an access token of a local account")
    token.add_argument("account", nargs="?", default="")
    commands.add_parser("audit", help="export and prove the audit chains of the running platform")
    operate = commands.add_parser("ops", help="an operator's action on a service of the running platform")
    operate.add_argument("service", choices=SERVICES)
    operate.add_argument("action", nargs=argparse.REMAINDER, help="lag, held, parked, replay …, skip …")
    commands.add_parser("reset", help="forget all data")
    commands.add_parser("jars", help="write the hashes of Kafka's jars anew")
    arguments = parser.parse_args()
    match arguments.command:
        case "up":
            return up(_port(arguments.port), demo=not arguments.no_demo)
        case "token":
            print(_token(arguments.account))
        case "audit":
            if not is_running():
                raise CannotRun("请先运行 make run / run make run first")
            port = (RUN / "postgres" / "port").read_text().strip()
            return audit(RUN, f"postgresql://127.0.0.1:{port}/postgres")
        case "ops":
            return _operate(arguments.service, arguments.action)
        case "reset":
            _reset()
        case "jars":
            jars.write_lock()
    return 0


class _Parser(argparse.ArgumentParser):
    """Says in both languages that a command is wrong."""

    def error(self, message: str) -> NoReturn:
        raise CannotRun(f"命令有误,make 列出全部命令 / the command is wrong, make lists all ({message})")


def _port(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) <= 5):
        raise CannotRun("端口应为1至65535的数字,如 make run PORT=9000 / a port is a number from 1 to 65535")
    return int(written)


def _token(account: str) -> str:
    keys = Keyring(RUN / "keys") if (RUN / "keys").exists() else None
    if keys is None or not keys.exist() or not (RUN / "issuer").exists():
        raise CannotRun("请先运行 make run / run make run first")
    return issuer.token(keys.signing_key(), (RUN / "issuer").read_text().strip(), account)


def _operate(service: str, action: list[str]) -> int:
    path = RUN / "keys" / f"{service}.settings.json"
    if not path.exists() or not is_running():
        raise CannotRun("请先运行 make run / run make run first")
    command = [sys.executable, "-m", f"services.{service}", "ops", *action]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **json.loads(path.read_text())}, check=False).returncode


def _reset() -> None:
    if is_running():
        raise CannotRun("请先停止正在运行的实例(Ctrl-C) / stop the running platform first (Ctrl-C)")
    for path in RUN.iterdir() if RUN.exists() else ():
        if path.name == "cache":
            continue
        if path.is_dir():
            forget(path)
        else:
            path.unlink()
    print("已清空 / all data are gone; downloaded jars stay")


if __name__ == "__main__":
    sys.exit(main())
