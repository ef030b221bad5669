"""What every test stands on: PostgreSQL and Valkey of this run, invented settings, a real worker, no outside network.

Without DATABASE_URL / REDIS_URL both services start from wheels, once a run: in the process that collects the results,
whose environment the xdist workers inherit. Each worker has a database and a Valkey database number of its own.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import django.conf
import pytest

from bakery_whatsapp.embedded import die_with_parent, free_port, start_services
from messaging import demo

if TYPE_CHECKING:
    import redis
    from django.test import Client

    from tenants.models import User

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() == "true"
WAIT_TIMEOUT_S = 60

# Set before Django reads them, and all of them, so that neither this shell nor an `.env` reaches the tests. The account
# is the simulator's, so that product processes can talk to it.
TEST_ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "bakery_whatsapp.settings",
    "ENVIRONMENT": "test",
    "DEBUG": "false",
    "SECRET_KEY": "invented-for-tests-and-long-enough-to-please-every-check",
    "FIELD_ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "SITE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "PORT": "8000",
    "LOG_FORMAT": "plain",
    "LOG_LEVEL": "INFO",
    "EMAIL_URL": "memorymail://",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": demo.WABA_ID,
    "WHATSAPP_ACCESS_TOKEN": demo.ACCESS_TOKEN,
    "WHATSAPP_PHONE_NUMBER_ID": demo.DEFAULT_PHONE_NUMBER_ID,
    "WHATSAPP_API_VERSION": "v26.0",
    "ENABLE_WHATSAPP_NOTIFICATIONS": "true",
    "WHATSAPP_WEBHOOK_VERIFY_TOKEN": demo.VERIFY_TOKEN,
    "WHATSAPP_APP_ID": demo.APP_ID,
    "WHATSAPP_APP_SECRET": demo.APP_SECRET,
    "WHATSAPP_GRAPH_URL": "https://graph.facebook.com",
    "WHATSAPP_SIMULATOR": "true",
}
os.environ.update(TEST_ENVIRONMENT)


def _database_number(url: str, number: int) -> str:
    """The same Redis URL with `number` added to its database number (0 when it names none)."""
    base, separator, query = url.partition("?")
    found = re.search(r"/(\d+)$", base)
    first = int(found[1]) if found else 0
    return re.sub(r"/\d*$", "", base) + f"/{first + number}" + separator + query


# An xdist worker knows its place (gw0, gw1 …) before anything is imported; number 0 stays with a run without xdist.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker:
    os.environ["REDIS_URL"] = _database_number(
        os.environ["REDIS_URL"], int(_worker.removeprefix("gw")) + 1
    )


def _start_missing_services() -> None:
    # Not below /root, for PostgreSQL's own user must get there: see bakery_whatsapp/embedded.py.
    below = "/tmp" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="bakery-", dir=below))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["DATA_DIR"] = str(folder)
    services = start_services(
        folder,
        postgres="DATABASE_URL" not in os.environ,
        valkey="REDIS_URL" not in os.environ,
        durable=False,
    )
    atexit.register(services.stop)  # exit handlers run last in, first out
    os.environ.setdefault("DATABASE_URL", services.database_url or "")
    os.environ.setdefault("REDIS_URL", services.redis_url or "")


# While this file is imported, because the next ones (a folder's conftest, the tests) import models at their top.
if not _worker:
    _start_missing_services()
django.setup()
# The process of the tests posts no webhooks of its own accord: a thread of an earlier test would claim a later one's. An
# empty variable would mean the address of our own server.
django.conf.settings.SIMULATOR_WEBHOOK_URL = ""
# What is loaded by now stays; the collector looking through it again and again was a tenth of a run.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)

_skipped: list[str] = []


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each xdist worker read the settings here, after its REDIS_URL is set.

    A worker that inherits DJANGO_SETTINGS_MODULE has pytest-django load them before any conftest, and all workers would
    share Valkey database 0.
    """
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


# --- In CI nothing is skipped ---------------------------------------------------------------------


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if IN_CI and not _worker and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if IN_CI and _skipped:
        terminalreporter.write_line(
            f"{len(_skipped)} skipped, which fails the run in CI: {', '.join(_skipped)}", red=True
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def _no_language_of_an_earlier_request() -> None:
    """The test client leaves the language of its last request active in the thread."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _nothing_known_of_an_earlier_test() -> None:
    """This process remembers app secrets and API keys for seconds, and that a worker has just been woken."""
    from messaging import queues
    from messaging.services import accounts
    from tenants import known_keys

    queues.forget_wake_up()
    accounts.forget_webhook_secrets()
    known_keys.forget_all()


# --- The platform's staff --------------------------------------------------------------------------


@pytest.fixture
def paula(db: None) -> Client:
    """The browser of Paula, platform admin, in English."""
    from tests.factories import StaffFactory

    return _browser_of(StaffFactory.create(username="paula"))


@pytest.fixture
def sonia(db: None) -> Client:
    """The browser of Sonia of the support, in English: she reads and sends again, and nothing else."""
    from tests.factories import SupportFactory

    return _browser_of(SupportFactory.create(username="sonia"))


def _browser_of(user: User) -> Client:
    from django.test import Client

    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


# --- Services --------------------------------------------------------------------------------------


def wait_until(condition: Callable[[], Any], *, timeout_s: float = WAIT_TIMEOUT_S) -> Any:
    """Return the first true answer of `condition`; fail when none comes. For what other processes do."""
    deadline = time.monotonic() + timeout_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"still not true after {timeout_s} s: {condition}")
        time.sleep(0.02)


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """This worker's own Valkey database, empty before and after the test."""
    import redis

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def product_environment(
    transactional_db: None, broker: redis.Redis, tmp_path: Path
) -> dict[str, str]:
    """The environment for product processes on this test's database and broker, Meta being their own simulator."""
    from django.db import connection

    base, _, _ = os.environ["DATABASE_URL"].partition("?")
    port = free_port()
    return {
        **os.environ,
        "DATABASE_URL": f"{base.rpartition('/')[0]}/{connection.settings_dict['NAME']}",
        "DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "WHATSAPP_GRAPH_URL": f"http://127.0.0.1:{port}/simulator/graph",
        "SIMULATOR_WEBHOOK_URL": f"http://127.0.0.1:{port}/api/v1/whatsapp/webhook",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def log_lines(
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """Start logging to this test's stdout; what that returns gives the lines written since."""
    from bakery_whatsapp import logs

    def written() -> list[str]:
        return capsys.readouterr().out.splitlines()

    def start(log_format: str = "plain") -> Callable[[], list[str]]:
        logs.configure(logs.logging_config(log_format=log_format, level="INFO"))
        return written

    before = logging.root.handlers[:]
    yield start
    # This test's stdout is closed at its end; whoever logs next must not write to it.
    logging.root.handlers[:] = before


class Process:
    """A product process of a test. `output` is what it wrote so far; `kill` is kill -9."""

    def __init__(self, command: list[str], *, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self.log = log
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # a killed pytest leaves nothing behind
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def url(self) -> str:
        return self.environment["SITE_URL"]

    def wait_until(self, condition: Callable[[], Any]) -> Any:
        """Like `wait_until`, but fails at once with the output when the process ends."""

        def check() -> Any:
            if self.popen.poll() is not None:
                pytest.fail(f"ended with {self.popen.returncode}:\n{self.output[-3000:]}")
            return condition()

        return wait_until(check)

    def terminate(self) -> int:
        self.popen.terminate()
        return self.popen.wait(WAIT_TIMEOUT_S)

    def kill(self) -> None:
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


@pytest.fixture
def start_process(
    product_environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., Process]]:
    """Start `python -m …` on this test's services; all are killed at the end."""
    started: list[Process] = []

    def start(*arguments: str, **environment: str) -> Process:
        process = Process(
            [sys.executable, "-m", *arguments],
            environment={**product_environment, **environment},
            log=tmp_path / f"process-{len(started)}.log",
        )
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        process.kill()


@pytest.fixture
def start_worker(start_process: Callable[..., Process]) -> Callable[..., Process]:
    """Start a real Celery worker on all queues; returns once it answers a ping over the broker."""

    def start(**environment: str) -> Process:
        from bakery_whatsapp.celery import app

        name = f"test-{free_port()}@localhost"
        process = start_process(
            "celery", "-A", "bakery_whatsapp", "worker", "--pool", "threads", "--concurrency", "4",
            "--hostname", name, "--loglevel", "INFO", **environment,
        )  # fmt: skip
        process.wait_until(lambda: app.control.ping(destination=[name], timeout=0.2))
        return process

    return start


@pytest.fixture
def celery_worker_process(start_worker: Callable[..., Process]) -> Process:
    return start_worker()


@pytest.fixture
def start_web(
    start_process: Callable[..., Process], product_environment: dict[str, str]
) -> Callable[..., Process]:
    """Start granian with the product and its simulator at `.url`; returns once it answers."""

    def start(**environment: str) -> Process:
        port = {**product_environment, **environment}["PORT"]
        process = start_process(
            "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port,
            "--workers", "1", "--blocking-threads", "8", "bakery_whatsapp.wsgi:application", **environment,
        )  # fmt: skip
        process.wait_until(lambda: answers(f"{process.url}/health/live"))
        return process

    return start


@pytest.fixture
def web_process(start_web: Callable[..., Process]) -> Process:
    return start_web()


def answers(url: str) -> bool:
    """Whether `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (ours)
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
