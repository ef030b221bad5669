"""`make run`: what it makes up, what it prints, and that it leaves nothing running."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil
import pytest
from cryptography.fernet import Fernet

from bakery_whatsapp.development import configuration
from bakery_whatsapp.development.__main__ import manage
from bakery_whatsapp.development.configuration import (
    CannotStartError,
    ensure_port_is_free,
    read_configuration,
    read_env_file,
    write_env_file,
)
from bakery_whatsapp.development.launcher import Launcher, StoppedError
from bakery_whatsapp.development.welcome import send_curl
from bakery_whatsapp.embedded import free_port
from messaging import demo
from tests.conftest import ROOT, answers, wait_until


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(mkdtemp(prefix="bakery-run-", dir="/tmp" if os.geteuid() == 0 else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project folder without an .env, unlike perhaps the developer's."""
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    return tmp_path


# --- Configuration ---------------------------------------------------------------------------------


def test_secrets_are_made_once_and_kept_where_only_the_owner_reads(project):
    first = read_configuration({})
    second = read_configuration({})
    assert first.environment == second.environment
    assert first.kept.stat().st_mode & 0o777 == 0o600
    Fernet(first.environment["FIELD_ENCRYPTION_KEYS"])
    assert len(first.environment["SECRET_KEY"]) >= 50
    assert first.data_dir == project / ".local"


def test_without_an_account_the_simulator_is_meta(project):
    environment = read_configuration({"PORT": "8123"}).environment
    assert environment["WHATSAPP_SIMULATOR"] == "true"
    assert environment["WHATSAPP_GRAPH_URL"] == "http://127.0.0.1:8123/simulator/graph"
    assert environment["WHATSAPP_ACCESS_TOKEN"] == demo.ACCESS_TOKEN
    assert environment["SITE_URL"] == "http://127.0.0.1:8123"


def test_an_account_of_ones_own_is_left_alone(project):
    environment = read_configuration({"WHATSAPP_ACCESS_TOKEN": "EAAown"}).environment
    assert environment["WHATSAPP_ACCESS_TOKEN"] == "EAAown"
    assert "WHATSAPP_SIMULATOR" not in environment
    assert "WHATSAPP_GRAPH_URL" not in environment


def test_the_env_file_is_honoured_and_the_shell_wins(project):
    (project / ".env").write_text(
        "PORT=8111\nLOG_FORMAT=json\nSECRET_KEY='from the file'\nENVIRONMENT=production\n"
    )
    found = read_configuration({"LOG_FORMAT": "plain"})
    assert found.port == 8111
    assert found.environment["LOG_FORMAT"] == "plain"
    assert found.environment["SECRET_KEY"] == "from the file"
    assert found.environment["ENVIRONMENT"] == "development"


def test_empty_lines_of_a_copied_example_are_no_account(project):
    (project / ".env").write_text(
        "WHATSAPP_ACCESS_TOKEN=\nWHATSAPP_APP_SECRET=\nDATA_DIR=\nPORT=\n"
    )
    found = read_configuration({})
    assert found.environment["WHATSAPP_APP_SECRET"] == demo.APP_SECRET
    assert found.port == 8000
    assert found.data_dir == project / ".local"


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80 80", "８０００"])
def test_a_port_that_is_none_is_refused_with_a_sentence(project, port):
    with pytest.raises(CannotStartError, match="must be a number from 1 to 65535"):
        read_configuration({"PORT": port})


def test_a_data_folder_that_cannot_be_made_is_refused_with_a_sentence(project):
    (project / "file").write_text("")
    with pytest.raises(CannotStartError, match="DATA_DIR="):
        read_configuration({"DATA_DIR": str(project / "file" / "below")})


def test_a_taken_port_is_refused_with_what_to_do():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            CannotStartError, match=rf"Port {port} is taken .* make run PORT={port + 1}"
        ):
            ensure_port_is_free(port)


def test_the_printed_curl_has_the_body_of_the_guides_step():
    command = send_curl("http://127.0.0.1:8000", key="bw_key", tenant_id=demo.BAKERIES[1].tenant_id)
    body = json.loads(command.split("-d '")[1].rstrip("'"))
    assert list(body) == [
        "tenant_id",
        "recipient_phone",
        "recipient_name",
        "message_type",
        "template",
    ]
    assert list(body["template"]) == ["template_name", "language", "components"]
    assert body["recipient_phone"] not in {number.display_phone_number for number in demo.NUMBERS}


# --- The launcher ------------------------------------------------------------------------------------

FOREVER = "import time; print('up', flush=True); time.sleep(600)"
WITH_A_CHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {FOREVER!r}])
print("child", child.pid, flush=True)
child.wait()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher(os.environ)
    yield launcher
    launcher.stop_all()
    for child in launcher.children:
        if child.reader:
            child.reader.join()
        if child.process.stdout:
            child.process.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def lines_of(launcher: Launcher, place: int) -> list[str]:
    return list(launcher.children[place].last_lines)


def test_lines_carry_the_name_of_their_process(launcher, capsys):
    launcher.start({"web": python("print('hello')"), "worker": python("print('there')")})
    wait_until(lambda: lines_of(launcher, 0) and lines_of(launcher, 1))
    for child in launcher.children:
        assert child.reader
        child.reader.join()
    output = capsys.readouterr().out
    assert "web    | hello\n" in output
    assert "worker | there\n" in output


def test_when_one_process_ends_it_is_named_with_its_last_lines(launcher):
    launcher.start(
        {"web": python(FOREVER), "beat": python("print('no more flour'); raise SystemExit(3)")}
    )
    with pytest.raises(
        CannotStartError, match=r"(?s)beat ended by itself \(exit code 3\).*no more flour"
    ):
        launcher.wait_for_the_end()


def test_a_killed_process_is_named_with_its_signal(launcher):
    launcher.start({"web": python(FOREVER)})
    launcher.children[0].process.kill()
    with pytest.raises(CannotStartError, match="killed by SIGKILL"):
        launcher.wait_for_the_end()


def test_stopping_ends_children_and_what_they_started(launcher):
    launcher.start({"web": python(WITH_A_CHILD)})
    line = wait_until(
        lambda: next((text for text in lines_of(launcher, 0) if "child" in text), None)
    )
    grandchild = int(line.split()[1])
    launcher.stop_all()
    wait_until(lambda: not is_alive(grandchild))
    assert launcher.children[0].process.returncode is not None


def test_the_answer_of_a_finished_process_is_returned(launcher):
    code = (
        "import os, sys; print('log line'); os.fdopen(int(sys.argv[-1]), 'w').write('the answer')"
    )
    assert launcher.run("data", python(code)) == "the answer"
    assert launcher.children == []


def test_a_preparation_that_fails_is_reported_with_its_last_lines(launcher):
    with pytest.raises(CannotStartError, match=r"(?s)data failed:.*no such table"):
        launcher.run("data", python("raise SystemExit('no such table')"))


def test_a_signal_while_preparing_is_obeyed(launcher):
    launcher.stopping.set()
    with pytest.raises(StoppedError):
        launcher.run("data", python(FOREVER))


SIGNALLED_WHILE_WAITING = """
import signal
from bakery_whatsapp.development.launcher import Launcher

signal.signal(signal.SIGALRM, lambda *_: launcher.stopping.set())
for attempt in range(20_000):
    launcher = Launcher({})
    signal.setitimer(signal.ITIMER_REAL, 1e-6 + attempt % 200 * 1e-6)
    while not launcher.stopping.wait(1e-5):
        pass
"""


def test_a_signal_at_any_moment_of_waiting_is_obeyed():
    """A handler that needs a lock of the thread it interrupts would hang here within some thousand signals."""
    subprocess.run(python(SIGNALLED_WHILE_WAITING), cwd=ROOT, check=True, timeout=60)


# --- The whole ---------------------------------------------------------------------------------------


class Run:
    """`python -m bakery_whatsapp.development` as `make run` starts it."""

    def __init__(self, data_dir: Path, port: int) -> None:
        # Nothing of the tests' own environment: only what a shell of a newcomer has.
        environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        }
        self.environment = {**environment, "DATA_DIR": str(data_dir)}
        self.log = data_dir / f"run-{free_port()}.log"
        self.url = f"http://127.0.0.1:{port}"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bakery_whatsapp.development"],
                cwd=ROOT,
                env={**self.environment, "PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_up(self) -> Run:
        def is_up() -> bool:
            if self.process.poll() is not None:
                pytest.fail(self.output[-5000:])
            return "PO-TEST-001" in self.output and "}'" in self.output

        wait_until(is_up, timeout_s=120)
        return self

    def processes(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def send(self) -> dict[str, Any]:
        """Run the printed command as a reader would, by pasting it."""
        command = self.output[self.output.index("curl -X POST") :].partition("}'")[0] + "}'"
        result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
        return json.loads(result.stdout)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What `make manage` runs; only the data folder says beside which copy."""
        command = [sys.executable, "-m", "bakery_whatsapp.development", "manage", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def api_key(self) -> str:
        found = re.search(r"Bearer (\S+)\"", self.output)
        assert found
        return found[1]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def start_run(data_dir) -> Iterator[Callable[..., Run]]:
    started: list[Run] = []

    def start(port: int | None = None, folder: Path = data_dir) -> Run:
        started.append(Run(folder, port or free_port()))
        return started[-1]

    yield start
    for run in started:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)


def test_one_command_brings_the_product_up_and_the_pasted_curl_is_delivered(start_run):
    run = start_run().wait_until_up()
    assert answers(f"{run.url}/health/ready")
    answer = run.send()
    assert answer["status"] == "queued"
    wait_until(lambda: "WhatsApp template message sent successfully" in run.output)
    assert "Using shared WhatsApp account" in run.output
    assert f"{run.url}/simulator/" in run.output
    told = json.loads(run.manage("check_whatsapp", "--offline", "--json").stdout)
    assert told["can_send"] is True

    processes = run.processes()
    assert len(processes) > 4
    assert run.end() == 0
    wait_until(lambda: not [pid for pid in processes if is_alive(pid)])
    left = run.manage("check_whatsapp")
    assert left.returncode == 1
    assert left.stderr.startswith("Nothing runs with the data folder ")


@pytest.mark.parametrize("pid", ["", "nobody", "1", "4194304"])
def test_what_a_killed_run_left_is_no_run(project, pid):
    (project / ".local").mkdir()
    write_env_file(project / ".local" / "running.env", {"PORT": "8123", "LAUNCHER": pid})
    with pytest.raises(CannotStartError, match="Nothing runs with the data folder"):
        manage({}, ["check"])


def test_a_command_without_settings_says_where_they_come_from():
    ended = subprocess.run(
        [sys.executable, "manage.py", "check_whatsapp", "--json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SECRET_KEY": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert 'make manage ARGS="check_whatsapp --json"' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_ends_the_command_with_one_sentence(start_run, data_dir):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        run = start_run(port=other.getsockname()[1])
        assert run.process.wait(60) == 1
    assert re.fullmatch(r"Port \d+ is taken by another program\. .*\n", run.output)


@pytest.mark.faults
def test_a_second_start_keeps_the_data_and_the_key(start_run):
    first = start_run().wait_until_up()
    message = first.send()
    assert first.end(signal.SIGTERM) == 0
    second = start_run().wait_until_up()
    assert second.api_key() == first.api_key()
    command = ["curl", "--fail", "-sS", "-H", f"Authorization: Bearer {second.api_key()}"]
    found = subprocess.run(
        [*command, f"{second.url}/api/v1/whatsapp/messages/{message['message_id']}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(found.stdout)["message_id"] == message["message_id"]
    assert second.end(signal.SIGHUP) == 0


@pytest.mark.faults
@pytest.mark.parametrize("name", ["granian", "worker", "beat", "postgres", "valkey"])
def test_when_one_process_is_killed_everything_ends(start_run, name):
    run = start_run().wait_until_up()
    processes = run.processes()
    victim = next(
        child
        for child in psutil.Process(run.process.pid).children()
        if name in " ".join(child.cmdline())
    )
    victim.kill()
    assert run.process.wait(60) == 1
    assert "ended by itself" in run.output
    wait_until(lambda: not [pid for pid in processes if is_alive(pid)])


@pytest.mark.faults
@pytest.mark.skipif(
    "sys.platform != 'linux'", reason="only Linux ends the children of a killed process"
)
def test_a_killed_launcher_leaves_nothing_behind_and_does_not_hinder_the_next_start(start_run):
    run = start_run().wait_until_up()
    processes = run.processes()
    run.end(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in processes if is_alive(pid)])
    again = start_run().wait_until_up()
    assert again.api_key() == run.api_key()


@pytest.mark.faults
def test_two_copies_run_side_by_side(start_run, data_dir):
    (data_dir / "other").mkdir(mode=0o711)
    first, second = start_run(), start_run(folder=data_dir / "other")
    assert first.wait_until_up().send()["status"] == "queued"
    assert second.wait_until_up().send()["status"] == "queued"
    assert first.api_key() != second.api_key()


def test_what_is_kept_can_be_read_again(tmp_path):
    values = {"SECRET_KEY": "a-_b=c", "DEMO_API_KEY": "bw_x"}
    write_env_file(tmp_path / "kept.env", values)
    assert read_env_file(tmp_path / "kept.env") == values
