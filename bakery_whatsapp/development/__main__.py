"""What `make run` runs: start everything, wait, and end everything. `make manage` runs a command beside it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import NoReturn

import psutil

from bakery_whatsapp.development.commands import beat_command, web_command, worker_command
from bakery_whatsapp.development.configuration import (
    ROOT,
    CannotStartError,
    Configuration,
    ensure_port_is_free,
    read_configuration,
    read_env_file,
    write_env_file,
)
from bakery_whatsapp.development.launcher import Launcher, StoppedError
from bakery_whatsapp.development.preparing import prepare
from bakery_whatsapp.development.welcome import welcome
from bakery_whatsapp.embedded import EmbeddedServiceError, start_services


def run(configuration: Configuration) -> None:
    """Start everything, print where it is, and return once all has ended. Raises CannotStartError."""
    ensure_port_is_free(configuration.port)
    environment = configuration.environment
    launcher = Launcher(environment)
    launcher.listen_to_signals()
    with ExitStack() as cleanup:
        _start_services(configuration, launcher, cleanup)
        cleanup.callback(launcher.stop_all)
        _tell_where_it_runs(configuration, launcher, cleanup)
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


def _tell_where_it_runs(
    configuration: Configuration, launcher: Launcher, cleanup: ExitStack
) -> None:
    """Keep for `make manage` what only this start knows: its port, and the servers it has started."""
    told = {"PORT": str(configuration.port), "LAUNCHER": str(os.getpid())}
    if services := launcher.services:
        urls = {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}
        told |= {name: url for name, url in urls.items() if url}
    cleanup.callback(configuration.running.unlink, missing_ok=True)
    write_env_file(configuration.running, told)


def manage(given: Mapping[str, str], arguments: Sequence[str]) -> NoReturn:
    """Become manage.py, in the environment of the copy that runs with this data folder. Raises CannotStartError."""
    configuration = read_configuration(given)
    running = read_env_file(configuration.running)
    if not _is_launcher(running.pop("LAUNCHER", "")):
        raise CannotStartError(
            f"Nothing runs with the data folder {configuration.data_dir}. "
            "Start it with `make run` in another terminal; give both the same DATA_DIR."
        )
    # The port decides on what is made up from it, such as the simulator's address.
    environment = read_configuration({**given, "PORT": running["PORT"]}).environment | running
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 (our own program, with what was typed)


def _is_launcher(pid: str) -> bool:
    """Whether that process is a `make run`; after one was killed its number may be somebody else's."""
    with suppress(ValueError, psutil.Error):
        return any("bakery_whatsapp" in part for part in psutil.Process(int(pid)).cmdline())
    return False


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["prepare"]:
        with os.fdopen(int(arguments[1]), "w", encoding="utf-8") as answer:
            prepare(answer)
        return 0
    try:
        if arguments[:1] == ["manage"]:
            manage(os.environ, arguments[1:])
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
