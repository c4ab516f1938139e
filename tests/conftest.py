"""Options, the guard that keeps tests on loopback, and the servers they share."""

import gc
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
import structlog
from pytest_socket import socket_allow_hosts

from shared.process import FIRST_GENERATION
from tests.support.api import Api, start_api
from tests.support.kafka import Broker
from tests.support.postgres import Copy, Server, Templates
from tests.support.running import Running

# no test fails for being slow on a busy machine
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
# nothing that modules make is garbage; it is looked for again when all tests are collected
gc.disable()
# tracebacks as Python writes them: drawn ones cost seconds each
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pg", default="", help="DSN (superuser) of a PostgreSQL server to test on instead of the embedded one"
    )


COSTLY = ("running", "broker")
"""Fixtures of which there is one, whatever number of processes share the tests."""
QUICK = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_connections": "200"}
"""What outlives no power cut is enough for a test; nobody tidies up a database that lives for seconds."""
ENOUGH_MEMORY = 6 * 1024**3
"""Bytes free in memory for each server of the tests; the databases that exist at one time take a tenth of it."""
ENDS = pytest.StashKey[dict[str, ExitStack]]()


def _costly(item: pytest.Item | None) -> list[str]:
    return [name for name in COSTLY if name in getattr(item, "fixturenames", ())]


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a costly server go to the same process, one after another, and first: they are the longest.

    Of two tests under one name xdist runs one and says nothing, so that is an error.
    """
    if twins := [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]:
        raise pytest.UsageError(f"several tests under one name: {', '.join(twins)}")
    for item in items:
        for name in _costly(item):
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: min((COSTLY.index(name) for name in _costly(item)), default=len(COSTLY)))


def pytest_collection_finish() -> None:
    """What was collected stays till the end: the collector of garbage need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(FIRST_GENERATION)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A costly server ends with its last test, not with the session: an idle platform takes a third of a core."""
    yield
    for name in set(_costly(item)) - set(_costly(nextitem)):
        # none when it could not even start
        item.config.stash.get(ENDS, {}).pop(name, ExitStack()).close()


def _until_the_last(request: pytest.FixtureRequest, name: str, stop: Callable[[], None]) -> ExitStack:
    """What is left here is done after the last test of this server, or at the end of the session."""
    stack = ExitStack()
    stack.callback(stop)
    request.config.stash.setdefault(ENDS, {})[name] = stack
    return stack


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """No test speaks to anything outside this machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def server_folders() -> Iterator[Path]:
    """A folder for servers' data that their unprivileged user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="xiansuo-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, server_folders: Path) -> Iterator[Server]:
    """The PostgreSQL server of this run."""
    given = request.config.getoption("--pg")
    if given:
        yield Server(given)
        return
    from deploy.local.postgres import Postgres

    with ExitStack() as ends:
        memory = _in_memory(ends)
        postgres = Postgres(memory or server_folders / "postgres", settings=QUICK)
        postgres.start()
        ends.callback(postgres.stop)
        yield Server(postgres.dsn("postgres"), "file_copy" if memory else "wal_log")


def _in_memory(ends: ExitStack) -> Path | None:
    """A folder in memory, where there is much of it: hundreds of databases are made and dropped, three times as fast there."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    if not memory.is_dir() or shutil.disk_usage(memory).free < ENOUGH_MEMORY:
        return None
    folder = Path(tempfile.mkdtemp(prefix="xiansuo-test-", dir=memory))
    folder.chmod(0o711)
    ends.callback(shutil.rmtree, folder)
    return folder / "postgres"


@pytest.fixture(scope="session")
def templates(server: Server) -> Iterator[Templates]:
    """Migrated template databases, one a service."""
    templates = Templates(server)
    yield templates
    templates.drop_all()


NewDatabase = Callable[[str], Awaitable[Copy]]


@pytest_asyncio.fixture
async def new_database(templates: Templates) -> AsyncIterator[NewDatabase]:
    """Makes fresh databases of a service; they are dropped after the test."""
    made: list[str] = []

    async def make(service: str) -> Copy:
        name = await templates.copy(service)
        made.append(name)
        return Copy(templates.server, name, service)

    yield make
    for name in made:
        await templates.drop(name)


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest, server_folders: Path) -> Iterator[Broker]:
    """A Kafka node without passwords, with the topics of the matrix."""
    from deploy.local.kafka import Kafka

    kafka = Kafka(server_folders / "kafka", plain=True)

    def stop() -> None:
        kafka.resume()
        kafka.stop()

    with _until_the_last(request, "broker", stop):
        kafka.start()
        broker = Broker(kafka)
        broker.provision()
        yield broker


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest, server_folders: Path) -> Iterator[Running]:
    """The whole platform as processes, every worker in two instances."""
    running = Running(server_folders / "platform", outside=request.config.getoption("--pg") or None)
    with _until_the_last(request, "running", running.stop):
        running.start()
        yield running


NewApi = Callable[..., Awaitable[Api]]


@pytest_asyncio.fixture
async def new_api(new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[NewApi]:
    """Makes a service's app on a fresh database; settings may be changed by name (ENVIRONMENT="production")."""
    made: list[Api] = []

    async def make(service: str, **settings: str) -> Api:
        made.append(start_api(service, await new_database(service), tmp_path / "keys", settings=settings))
        return made[-1]

    yield make
    for api in made:
        await api.close()
