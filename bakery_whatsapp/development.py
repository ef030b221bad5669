"""`make run`: everything on one machine with demo data, and nothing left running when it ends.

Starts PostgreSQL and Valkey (unless DATABASE_URL / REDIS_URL name others), migrates, loads the demo once, and runs web,
worker and beat until Ctrl-C. Meta is the built-in simulator unless WHATSAPP_… variables name a real account.
"""

from __future__ import annotations

import base64
import ctypes
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar

import environ

from bakery_whatsapp.embedded import (
    EmbeddedServiceError,
    EmbeddedServices,
    die_with_parent,
    start_services,
    write_private,
)
from messaging import demo

ROOT = Path(__file__).resolve().parent.parent
QUEUES = "send,webhooks,periodic,callbacks"
# Of the key that is printed: everything there is to try.
SCOPES = ("messages:send", "messages:read", "callbacks:write", "admin:read", "admin:write")
READY_TIMEOUT_S = 90
STOP_TIMEOUT_S = 15
LAST_LINES = 15
# True on a server, but only puzzling for who looks at the product for the first time.
NOISE = ("Configuration allows spawning up to", "Websockets are not supported on WSGI")
QUIET_WARNINGS = "ignore:You're running the worker with superuser,ignore:No directory at"

# Any of these says that the user means an account of their own.
ACCOUNT_VARIABLES = (
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_BUSINESS_ACCOUNT_ID",
    "WHATSAPP_PHONE_NUMBER_ID",
    "WHATSAPP_GRAPH_URL",
    "WHATSAPP_SIMULATOR",
)


class CannotStartError(Exception):
    """What is wrong and what to do, in one sentence."""


class StoppedError(Exception):
    """Ctrl-C or a signal came before everything was up."""


# --- Configuration ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configuration:
    port: int
    data_dir: Path
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def kept(self) -> Path:
        """Secrets made by the first start and used by every later one."""
        return self.data_dir / "development.env"


def read_configuration(given: Mapping[str, str]) -> Configuration:
    """The environment, below it `.env`, below that what is kept in DATA_DIR, below that the simulator's account."""
    environment = {**read_env_file(ROOT / ".env"), **given}
    port = _port(environment.get("PORT") or "8000")
    data_dir = Path(environment.get("DATA_DIR") or ".local").expanduser()
    data_dir = data_dir if data_dir.is_absolute() else ROOT / data_dir
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStartError(
            f"The data folder {data_dir} cannot be made ({error.strerror}). "
            "Choose another: make run DATA_DIR=/some/folder"
        ) from None
    configuration = Configuration(port=port, data_dir=data_dir, environment=environment)
    kept = {**_new_secrets(), **read_env_file(configuration.kept)}
    write_env_file(configuration.kept, kept)
    for name, value in (kept | _defaults(configuration)).items():
        environment.setdefault(name, value)
    # Relative to this folder, whatever folder a child works in; and never production, whatever .env says.
    environment.update(
        PORT=str(port),
        DATA_DIR=str(data_dir),
        ENVIRONMENT="development",
        PYTHONUNBUFFERED="1",
        PYTHONWARNINGS=",".join(filter(None, [environment.get("PYTHONWARNINGS"), QUIET_WARNINGS])),
        DJANGO_SETTINGS_MODULE="bakery_whatsapp.settings",
    )
    return configuration


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotStartError(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)


def _new_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        # For every demo log-in. A fixed one would open a demo that someone put on a network.
        "DEMO_PASSWORD": f"pan-{secrets.token_hex(4)}",
    }


def _defaults(configuration: Configuration) -> dict[str, str]:
    defaults = {
        "SITE_URL": configuration.url,
        # So that callbacks can be tried on this machine, the simulator's own page first.
        "CALLBACK_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
    }
    if not any(configuration.environment.get(name) for name in ACCOUNT_VARIABLES):
        defaults |= {
            "WHATSAPP_SIMULATOR": "true",
            "WHATSAPP_GRAPH_URL": f"{configuration.url}/simulator/graph",
            "WHATSAPP_BUSINESS_ACCOUNT_ID": demo.WABA_ID,
            "WHATSAPP_APP_ID": demo.APP_ID,
            "WHATSAPP_APP_SECRET": demo.APP_SECRET,
            "WHATSAPP_ACCESS_TOKEN": demo.ACCESS_TOKEN,
            "WHATSAPP_PHONE_NUMBER_ID": demo.FREE_PHONE_NUMBER_ID,
            "WHATSAPP_WEBHOOK_VERIFY_TOKEN": demo.VERIFY_TOKEN,
        }
        # An empty line in .env (as in .env.example) is not a wish for an empty account.
        for name in defaults:
            if not configuration.environment.get(name):
                configuration.environment.pop(name, None)
    return defaults


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of an env file, as the product itself reads it; empty when there is none."""

    class Reader(environ.Env):  # type: ignore[misc]  # django-environ has no types
        ENVIRON: ClassVar[dict[str, str]] = {}  # read_env fills this, which is os.environ otherwise

    if path.exists():
        Reader.read_env(path)
    return dict(Reader.ENVIRON)


def write_env_file(path: Path, values: Mapping[str, str]) -> None:
    text = "# Made by `make run` for this data folder. Delete the folder to begin anew.\n"
    write_private(path, text + "".join(f"{name}={value}\n" for name, value in values.items()))


def ensure_port_is_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotStartError(
                f"Port {port} is reserved for root. Choose another: make run PORT=8000"
            ) from None
        except OSError:
            raise CannotStartError(
                f"Port {port} is taken by another program. Stop that, or choose another port: "
                f"make run PORT={port + 1 if port < 65535 else 8000}"
            ) from None


# --- Commands ----------------------------------------------------------------------------------------


def web_command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1", "--port", str(port)),
        # One process with threads is up a second sooner than two processes, and enough for one developer.
        *("--workers", "1", "--blocking-threads", "16"),
        *("--workers-kill-timeout", "5"),
        "bakery_whatsapp.wsgi:application",
    ]


def worker_command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "bakery_whatsapp", "worker"),
        *("--pool", "threads", "--concurrency", "8", "--queues", QUEUES, "--loglevel", "INFO"),
        # Without asking for neighbours, which costs a second of waiting at every start.
        *("--hostname", f"worker@{port}", "--without-gossip", "--without-mingle"),
    ]


def beat_command(data_dir: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "bakery_whatsapp", "beat"),
        *("--schedule", str(data_dir / "celerybeat-schedule"), "--loglevel", "INFO"),
        "--pidfile=",  # the one of a killed run would forbid the next start
    ]


# --- Processes ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Child:
    """A started process whose lines are printed with its name in front."""

    name: str
    process: subprocess.Popen[str]
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    reader: threading.Thread | None = None

    def read(self, write: Callable[[str], None], hide: Callable[[str], bool]) -> None:
        assert self.process.stdout is not None  # noqa: S101 (for mypy; PIPE was asked for)
        for line in self.process.stdout:
            self.last_lines.append(line.rstrip())
            if not hide(line) and not any(noise in line for noise in NOISE):
                write(f"{self.name:<6} | {line.rstrip()}")


class StopRequest:
    """Whether the end was asked for. Without a lock: a signal's handler runs in the middle of the very thread that waits,
    and threading.Event's would then wait for itself.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def wait(self, seconds: float) -> bool:
        """Return whether the end was asked for, after at most these seconds."""
        if not self._is_set:
            time.sleep(seconds)
        return self._is_set


class Launcher:
    """Starts children and ends them all: on a signal, when one of them ends, and on Linux when it is killed itself."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.children: list[Child] = []
        self.stopping = StopRequest()
        self.services: EmbeddedServices | None = None
        self._is_ready = False
        self._signals = 0

    def listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` means that the terminal may go away.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        if "MAKELEVEL" in os.environ and sys.platform == "linux":
            # make waits for us but does not pass on its own death.
            pr_set_pdeathsig = 1
            ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1
        self.stopping.set()
        if self._signals > 1:
            self._signal_all(signal.SIGKILL)

    def _is_our_own_asking(self, line: str) -> bool:
        """Answers of 503 are what we wait through, no errors of the product."""
        return not self._is_ready and "/health/ready" in line

    def write(self, line: str) -> None:
        try:
            print(line, flush=True)
        except OSError:  # the terminal or the pipe behind it is gone
            self.stopping.set()

    def start(self, commands: Mapping[str, list[str]], *, pass_fds: tuple[int, ...] = ()) -> None:
        """Start children in process groups of their own; Ctrl-C reaches them through us, in order."""
        started = []
        for name, command in commands.items():
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                pass_fds=pass_fds,
                preexec_fn=die_with_parent(),
            )
            started.append(Child(name, process))
            self.children.append(started[-1])
        # Only now: a fork with a preexec_fn beside running threads may hang.
        for child in started:
            child.reader = threading.Thread(
                target=child.read, args=(self.write, self._is_our_own_asking), daemon=True
            )
            child.reader.start()

    def run(self, name: str, command: list[str]) -> str:
        """Run a child to its end and return what it wrote to the descriptor named by its last argument."""
        read_fd, write_fd = os.pipe()
        self.start({name: [*command, str(write_fd)]}, pass_fds=(write_fd,))
        child = self.children[-1]
        os.close(write_fd)
        with os.fdopen(read_fd, encoding="utf-8") as answer:
            text = answer.read() if self._wait_for_end(child) else ""
        self.children.remove(child)
        if child.process.returncode:
            raise CannotStartError(
                "\n".join([f"{name} failed:", *(f"  {line}" for line in child.last_lines)])
            )
        return text

    def _wait_for_end(self, child: Child) -> bool:
        while child.process.poll() is None:
            if self.stopping.wait(0.05):
                raise StoppedError
        if child.reader:
            child.reader.join(timeout=1)
        return child.process.returncode == 0

    def wait_until_ready(self, url: str) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        answer = "no answer"
        while True:
            status, answer = _get(f"{url}/health/ready", answer)
            if status == 200:
                self._is_ready = True
                return
            self._raise_if_one_ended()
            if time.monotonic() > deadline:
                raise CannotStartError(f"Not ready after {READY_TIMEOUT_S} s: {answer}")
            if self.stopping.wait(0.1):
                raise StoppedError

    def wait_for_the_end(self) -> None:
        """Return when asked to stop. Raises CannotStartError when a child ends by itself."""
        while not self.stopping.wait(0.2):
            self._raise_if_one_ended()

    def _raise_if_one_ended(self) -> None:
        # The servers first: a child may end because its database did.
        if self.services and (problem := self.services.problem()):
            raise CannotStartError(problem)
        for child in self.children:
            if child.process.poll() is not None:
                if child.reader:
                    child.reader.join(timeout=1)
                # What was printed long ago is repeated, for the others' lines stand in between.
                lines = "\n".join(f"  {line}" for line in child.last_lines)
                raise CannotStartError(
                    f"{child.name} ended by itself ({_how_it_ended(child.process.returncode)}), "
                    f"so everything was stopped. Its last lines:\n{lines}"
                )

    def stop_all(self) -> None:
        self._signal_all(signal.SIGTERM, only_leaders=True)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for child in self.children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
        # Also the grandchildren of a process that was killed and could not end them.
        self._signal_all(signal.SIGKILL)
        for child in self.children:
            child.process.wait()

    def _signal_all(self, number: int, *, only_leaders: bool = False) -> None:
        for child in self.children:
            with suppress(ProcessLookupError, PermissionError):
                if not only_leaders:
                    os.killpg(child.process.pid, number)
                elif child.process.poll() is None:
                    child.process.send_signal(number)


def _get(url: str, otherwise: str) -> tuple[int, str]:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("GET", f"/{path}")
        response = connection.getresponse()
        return response.status, response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, otherwise
    finally:
        connection.close()


def _how_it_ended(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


# --- Preparing the data, in a process of its own with Django -------------------------------------------


def prepare(answer: IO[str]) -> None:
    """Migrate, load the demo unless it is there, make sure that an API key works; answer with JSON."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    loaded = _json_of("load_demo")
    key = os.environ.get("DEMO_API_KEY", "")
    if not _key_works(key):
        key = _json_of("create_api_key", label="make run", scope=list(SCOPES))["key"]
    json.dump({"demo": loaded, "api_key": key}, answer)


def _json_of(command: str, **options: Any) -> dict[str, Any]:
    import io

    from django.core.management import call_command

    output = io.StringIO()
    call_command(command, json=True, stdout=output, **options)
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def _key_works(key: str) -> bool:
    """Whether the kept key is known to this database, which may be another one than last time, and opens everything."""
    if not key:
        return False
    from django.utils import timezone

    from tenants.models.api_key import ApiKey, digest

    usable = ApiKey.objects.usable(now=timezone.now())
    return usable.filter(secret_digest=digest(key), scopes__contains=list(SCOPES)).exists()


# --- What is printed ------------------------------------------------------------------------------------


def welcome(configuration: Configuration, prepared: dict[str, Any]) -> str:
    url = configuration.url
    bakery = demo.BAKERIES[1]
    admin, support = prepared["demo"]["admin"], prepared["demo"]["support"]
    lines = [
        "",
        f"Bakery WhatsApp is up at {url}  (Ctrl-C ends it, the data stays in {configuration.data_dir})",
        "",
        f"  {'Admin':<16} {url + '/admin/':<34} {admin['username']}  {admin['password']}",
        f"  {'Support':<16} {url + '/admin/':<34} {support['username']}  {support['password']}",
        *(
            f"  {owner['tenant']:<16} {url + '/':<34} {owner['username']}  {owner['password']}"
            for owner in prepared["demo"]["owners"]
            if owner["tenant_id"] == bakery.tenant_id
        ),
        f"  {'API':<16} {url + '/docs':<34} key {prepared['api_key']}",
    ]
    if configuration.environment.get("WHATSAPP_SIMULATOR") == "true":
        lines.append(
            f"  {'Phone screen':<16} {url + '/simulator/':<34} messages arrive here; nothing leaves this machine"
        )
    lines += [
        "",
        f"Send a purchase order's message for {bakery.name}:",
        "",
        send_curl(url, key=prepared["api_key"], tenant_id=bakery.tenant_id),
        "",
    ]
    return "\n".join(lines)


def send_curl(url: str, *, key: str, tenant_id: str) -> str:
    """The setup guide's step 8.3, to an invented supplier."""
    supplier = demo.SUPPLIERS[0]
    return f"""\
curl -X POST {url}/api/v1/whatsapp/send \\
-H "Authorization: Bearer {key}" \\
-H "Content-Type: application/json" \\
-d '{{
"tenant_id": "{tenant_id}",
"recipient_phone": "{supplier.phone}",
"recipient_name": "{supplier.name}",
"message_type": "template",
"template": {{
"template_name": "po_notification",
"language": "es",
"components": [
{{
"type": "body",
"parameters": [
{{"type": "text", "text": "{supplier.name}"}},
{{"type": "text", "text": "PO-TEST-001"}},
{{"type": "text", "text": "€150.00"}}
]
}}
]
}}
}}'"""


# --- Putting it together --------------------------------------------------------------------------------


def run(configuration: Configuration) -> None:
    """Start everything, print where it is, and return once all has ended. Raises CannotStartError."""
    ensure_port_is_free(configuration.port)
    environment = configuration.environment
    launcher = Launcher(environment)
    launcher.listen_to_signals()
    with ExitStack() as cleanup:
        _start_services(configuration, launcher, cleanup)
        cleanup.callback(launcher.stop_all)
        launcher.write("Preparing the database …")
        prepared = json.loads(
            launcher.run("data", [sys.executable, "-m", "bakery_whatsapp.development", "prepare"])
        )
        kept = read_env_file(configuration.kept)
        write_env_file(configuration.kept, {**kept, "DEMO_API_KEY": prepared["api_key"]})
        launcher.start(
            {
                "web": web_command(configuration.port),
                "worker": worker_command(configuration.port),
                "beat": beat_command(configuration.data_dir),
            }
        )
        launcher.wait_until_ready(configuration.url)
        launcher.write(welcome(configuration, prepared))
        launcher.wait_for_the_end()
        launcher.write("Stopping …")


def _start_services(configuration: Configuration, launcher: Launcher, cleanup: ExitStack) -> None:
    given = configuration.environment
    postgres, valkey = not given.get("DATABASE_URL"), not given.get("REDIS_URL")
    if not postgres and not valkey:
        return
    wanted = [
        name for name, is_wanted in (("PostgreSQL", postgres), ("Valkey", valkey)) if is_wanted
    ]
    launcher.write(f"Starting {' and '.join(wanted)} …")
    services = start_services(configuration.data_dir, postgres=postgres, valkey=valkey)
    cleanup.callback(services.stop)
    launcher.services = services
    if services.database_url:
        launcher.environment["DATABASE_URL"] = services.database_url
    if services.redis_url:
        launcher.environment["REDIS_URL"] = services.redis_url


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["prepare"]:
        with os.fdopen(int(arguments[1]), "w", encoding="utf-8") as answer:
            prepare(answer)
        return 0
    try:
        run(read_configuration(os.environ))
    except StoppedError:
        return 0
    except (CannotStartError, EmbeddedServiceError) as error:
        with suppress(OSError):
            print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
