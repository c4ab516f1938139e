"""What the commands say when they are typed wrongly or the machine is cut off: one line, in both languages, never a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.jars import LOCK
from deploy.local.keys import Keyring
from deploy.local.places import ROOT

BILINGUAL = re.compile(r"^[^\n]*[一-鿿][^\n]* / [^\n]*[A-Za-z][^\n]*\n$")


def told(run: Path, *arguments: str, **environment: str) -> str:
    """What is said by a command that cannot be done."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment, "XIANSUO_RUN": str(run)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("token",), ("token", "a", "b"), ("up", "--port", "abc"), ("up", "--port"), ("up", "--port", "-1"), ("fly",), ()],
)
def test_a_command_that_is_wrong_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    keys = Keyring(tmp_path / "keys")
    keys.signing_key()
    (tmp_path / "issuer").write_text("http://127.0.0.1:9/issuer")
    assert BILINGUAL.match(told(tmp_path, *arguments)), arguments


def test_kafka_that_cannot_be_fetched_is_told_in_one_line_with_the_details_in_a_log(tmp_path: Path) -> None:
    closed = "http://127.0.0.1:9"
    before = LOCK.read_bytes()
    words = told(
        tmp_path, "jars", HTTPS_PROXY=closed, HTTP_PROXY=closed, https_proxy=closed, http_proxy=closed, NO_PROXY=""
    )
    assert BILINGUAL.match(words)
    assert "代理" in words
    assert "Traceback" in (tmp_path / "logs" / "kafka-jars.log").read_text()
    assert LOCK.read_bytes() == before


@pytest.mark.parametrize(
    ("module", "prefix"), [("services.publicity", "PUBLICITY_"), ("services.intake", "INTAKE_VAULT_")]
)
def test_settings_that_lack_are_named_and_none_is_shown(module: str, prefix: str) -> None:
    environment = {f"{prefix}DATABASE_URL": "postgresql://user:geheim@h/x", f"{prefix}DIGEST_KEY": "geheim"}
    done = subprocess.run(
        [sys.executable, "-m", module, "vault" if "VAULT" in prefix else "api"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{prefix}ISSUER: 必填 / needed" in done.stderr.splitlines()
    assert "geheim" not in done.stderr
    assert all(line.startswith(prefix) for line in done.stderr.splitlines())


@pytest.mark.parametrize("command", [["services.intake", "nope"], ["services.intake", "draw"], ["shared.audit_verify"]])
def test_a_command_that_is_mistyped_is_told_in_both_languages(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert done.stderr.splitlines()[-1].startswith("命令有误 / the command is wrong: ")
