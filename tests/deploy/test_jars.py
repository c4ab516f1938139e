"""Fetching Kafka's jars: several processes may need them at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local import jars


def test_of_several_that_need_the_jars_one_fetches_and_the_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[Path] = []

    def resolve(cache: Path) -> dict[str, Path]:
        fetched.append(cache)
        jar = cache / "jgo" / "one.jar"
        jar.parent.mkdir()  # a second one at the same time would fail here, as jgo does
        time.sleep(0.1)
        jar.write_bytes(b"jar")
        return {jar.name: jar}

    example = tmp_path / "example"
    example.write_bytes(b"jar")
    monkeypatch.setattr(jars, "resolve", resolve)
    monkeypatch.setattr(jars, "locked", lambda: {"one.jar": jars.digest(example)})
    cache = tmp_path / "cache"

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(jars.libraries, [cache] * 4))

    assert fetched == [cache]
    assert [(folder / "one.jar").read_bytes() for folder in folders] == [b"jar"] * 4
