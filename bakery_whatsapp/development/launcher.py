"""Processes that are started together and ended together, their lines printed side by side."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from bakery_whatsapp.development.configuration import ROOT, CannotStartError
from bakery_whatsapp.embedded import EmbeddedServices, die_with_parent

READY_TIMEOUT_S = 90
STOP_TIMEOUT_S = 15
LAST_LINES = 15
# True on a server, but only puzzling for who looks at the product for the first time.
NOISE = ("Configuration allows spawning up to", "Websockets are not supported on WSGI")


class StoppedError(Exception):
    """Ctrl-C or a signal came before everything was up."""


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
