"""A whole product on this machine for benchmarks and fault tests: services, mock Graph, web and workers as real processes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import redis
from celery import Celery

from bakery_whatsapp.embedded import die_with_parent, free_port, start_services
from messaging import demo

ROOT = Path(__file__).resolve().parent.parent
WAIT_TIMEOUT_S = 90

QUEUE_ROWS = """
INSERT INTO messaging_message (
  id, tenant_id, phone_number_id, template_id, recipient_phone, recipient_name, components, rendered_text, reference,
  request_digest, warnings, requested_by, status, send_after, expires_at, waits_for, priority, if_unconfirmed, attempts,
  error_details, fbtrace_id, created_at, updated_at)
SELECT uuidv7(), (%(tenants)s::uuid[])[1 + place %% cardinality(%(tenants)s)],
  (%(numbers)s::bigint[])[1 + place %% cardinality(%(numbers)s)], %(template)s, '+34600' || lpad(place::text, 6, '0'),
  'Juan García', %(components)s, 'Hola Juan García', 'PO-' || place, '', '[]', 'benchmark', 'queued',
  now() + %(delay_s)s * interval '1 second' - (%(count)s - place) * interval '1 microsecond', now() + interval '24 hours', '', 0, 'leave', 0, '', '', now(), now()
FROM generate_series(%(first)s::int, %(first)s::int + %(count)s::int - 1) AS place
"""
COMPONENTS = [
    {
        "type": "body",
        "parameters": [
            {"type": "text", "text": text} for text in ("Juan García", "PO-12345", "€250.50")
        ],
    }
]


class EndedError(RuntimeError):
    """A process ended although it should run on."""


class Process:
    def __init__(self, command: list[str], *, environment: dict[str, str], log: Path) -> None:
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
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], Any]) -> Any:
        def check() -> Any:
            if self.popen.poll() is not None:
                raise EndedError(f"ended with {self.popen.returncode}:\n{self.output[-3000:]}")
            return condition()

        return wait_until(check)

    def kill(self) -> None:
        """Kill -9, the whole group."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


def wait_until(condition: Callable[[], Any], *, timeout_s: float = WAIT_TIMEOUT_S) -> Any:
    """Return the first true answer of `condition`. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not true after {timeout_s} s")
        time.sleep(0.02)


class Stand:
    """`database_url` and `redis_url` are its own. Everything it started dies with it."""

    def __init__(self, *, numbers: int = 1, **environment: str) -> None:
        below = "/tmp" if os.geteuid() == 0 else None  # noqa: S108 (PostgreSQL's own user must get there)
        self.folder = Path(tempfile.mkdtemp(prefix="bakery-stand-", dir=below))
        self._exit = contextlib.ExitStack()
        self._exit.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.processes: list[Process] = []
        try:
            self._start(numbers, environment)
        except BaseException:
            self.close()
            raise

    def _start(self, numbers: int, environment: dict[str, str]) -> None:
        self.services = start_services(self.folder)
        self._exit.callback(self.services.stop)
        assert self.services.database_url is not None
        assert self.services.redis_url is not None
        self.database_url, self.redis_url = self.services.database_url, self.services.redis_url
        self.graph_port, self.web_port = free_port(), free_port()
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "bakery_whatsapp.settings",
            "ENVIRONMENT": "production",
            "SECRET_KEY": "invented-for-measuring-and-long-enough-to-please-every-check",
            "FIELD_ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(self.folder),
            "PORT": str(self.web_port),
            "SITE_URL": f"http://127.0.0.1:{self.web_port}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "WHATSAPP_GRAPH_URL": f"http://127.0.0.1:{self.graph_port}",
            "WHATSAPP_BUSINESS_ACCOUNT_ID": demo.WABA_ID,
            "WHATSAPP_ACCESS_TOKEN": demo.ACCESS_TOKEN,
            "WHATSAPP_APP_ID": demo.APP_ID,
            "WHATSAPP_APP_SECRET": demo.APP_SECRET,
            "WHATSAPP_PHONE_NUMBER_ID": demo.DEFAULT_PHONE_NUMBER_ID,
            **environment,
        }
        self.graph_process = self.start("benchmarks.mock_graph", "--port", str(self.graph_port))
        self.run("manage", "migrate", "--no-input", "--verbosity", "0")
        self.seeded = json.loads(self.run("benchmarks.seed", str(numbers)).splitlines()[-1])
        self.graph_process.wait_until(self._graph_answers)
        self.database = self.connect()
        self._exit.callback(lambda: self.database.close())
        self.redis = redis.Redis.from_url(self.redis_url)
        self._exit.callback(self.redis.close)
        self.celery = Celery(broker=self.redis_url, set_as_current=False)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
        self._exit.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # --- Processes -------------------------------------------------------------------------------

    def start(self, *arguments: str, **environment: str) -> Process:
        """Start `python -m …`."""
        process = Process(
            [sys.executable, "-m", *arguments],
            environment={**self.environment, **environment},
            log=self.folder / f"process-{len(self.processes)}.log",
        )
        self.processes.append(process)
        return process

    def run(self, *arguments: str) -> str:
        """Run `python -m …` to its end and return what it wrote."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise EndedError(f"{arguments} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def start_worker(self, *options: str, concurrency: int = 16, **environment: str) -> Process:
        """Start a worker as docker-compose.yml does; returns once it waits for tasks."""
        worker = self.start(
            *("celery", "-A", "bakery_whatsapp", "worker", "--pool", "threads", "--concurrency", str(concurrency)),
            *("--queues", "send,webhooks,periodic,callbacks", "--loglevel", "INFO"),
            *("--hostname", f"w{len(self.processes)}@localhost", "--without-gossip", "--without-mingle"),
            *options,
            **environment,
        )  # fmt: skip
        worker.wait_until(lambda: " ready." in worker.output)
        return worker

    def start_web(
        self, application: str = "bakery_whatsapp.wsgi:application", **env: str
    ) -> Process:
        web = self.start(
            *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.web_port)),
            *("--workers", "2", "--blocking-threads", "16", "--no-ws", application),
            **env,
        )  # fmt: skip
        web.wait_until(self._web_listens)
        return web

    def _web_listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.web_port)):
            return True
        return False

    # --- The mock Graph --------------------------------------------------------------------------

    def graph(self, what: str = "_stats", **body: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.graph_port}/{what}", data=json.dumps(body).encode()
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 (ours)
            return json.load(response)

    def _graph_answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.graph())
        return False

    # --- Rows and wake-ups -----------------------------------------------------------------------

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.database_url, autocommit=True, connect_timeout=10)

    def queue_rows(
        self,
        count: int,
        *,
        numbers: list[int] | None = None,
        delay_s: float = 0.0,
        first: int = 0,
        tenant: str | None = None,
    ) -> None:
        """Queue messages to as many recipients, in turn on these numbers; wakes nobody. Of the number's bakery unless told."""
        numbers = numbers or self.seeded["numbers"][:1]
        bakeries = dict(zip(self.seeded["numbers"], self.seeded["tenants"], strict=True))
        self.database.execute(
            QUEUE_ROWS,
            {
                "count": count,
                "first": first,
                "numbers": numbers,
                "tenants": [tenant or bakeries[number] for number in numbers],
                "template": self.seeded["template"],
                "components": json.dumps(COMPONENTS),
                "delay_s": delay_s,
            },
        )

    def wake(self, numbers: list[int] | None = None) -> None:
        for number in numbers or self.seeded["numbers"][:1]:
            self.celery.send_task("messaging.send_queued", args=(number,), queue="send")

    def sweep(self) -> None:
        self.celery.send_task("messaging.sweep", queue="periodic")

    def clear(self) -> None:
        """No messages, no wake-ups, no pace, nothing arrived."""
        self.database.execute("TRUNCATE messaging_message CASCADE")
        self.redis.flushdb()
        self.graph("_reset")

    def value(self, query: str, *parameters: Any) -> Any:
        row = self.database.execute(query, parameters).fetchone()
        return row[0] if row else None

    def session_count(self) -> int:
        """Return how many sessions our database has seen so far, this moment's included."""
        self.database.execute("SELECT pg_stat_clear_snapshot()")
        return int(
            self.value("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        )

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.database.execute(query, parameters).fetchall()


@contextlib.contextmanager
def timed() -> Iterator[list[float]]:
    """Yield a list that holds the seconds once the block has ended."""
    took: list[float] = []
    started = time.monotonic()
    yield took
    took.append(time.monotonic() - started)
