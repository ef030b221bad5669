"""What can be known of the containers without a container engine: no image was built by these tests.

The files are read, every start command is parsed by the program it starts, and every variable is one we explain.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.app.utils import find_app
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.core.management import load_command_class
from django.utils.module_loading import import_string
from granian.cli import cli as granian

from bakery_whatsapp.development.commands import beat_command, web_command, worker_command
from messaging import queues
from tests.conftest import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# Set for the images of others, or by us for one container; nobody writes them into .env.
NOT_FOR_ENV_FILE = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS"}


def parse(command: list[str]) -> dict[str, Any]:
    """The options as the started program understands them; fails as it would."""
    program, *arguments = command
    match program:
        case "granian":
            return granian.make_context("granian", arguments).params
        case "celery":
            place = next(place for place, word in enumerate(arguments) if word in celery.commands)
            context = celery.make_context("celery", arguments[: place + 1])
            context.obj = CLIContext(
                app=find_app(context.params["app"]), no_color=True, workdir=None
            )
            subcommand = celery.get_command(context, arguments[place])
            assert subcommand is not None, command
            return subcommand.make_context(
                arguments[place], arguments[place + 1 :], parent=context
            ).params
        case "python":
            assert (ROOT / arguments[0]).is_file()
            management = load_command_class("django.core", arguments[1])
            return vars(
                management.create_parser("manage.py", arguments[1]).parse_args(arguments[2:])
            )
        case _:
            pytest.fail(f"nobody knows how to check {program}")


def instruction(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.+)$", DOCKERFILE.replace("\\\n", " "), flags=re.MULTILINE)


def explained_variables() -> set[str]:
    text = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, flags=re.MULTILINE))


@pytest.mark.parametrize("service", OURS)
def test_each_start_command_is_understood_by_its_program(service):
    assert parse(SERVICES[service]["command"])


def test_the_images_own_command_is_the_web_service():
    command = yaml.safe_load(instruction("CMD")[0])
    assert command == SERVICES["web"]["command"]


@pytest.mark.django_db  # starting up looks at the stored account
def test_the_web_server_finds_its_application():
    options = parse(SERVICES["web"]["command"])
    module, _, attribute = options["app"].partition(":")
    assert callable(import_string(f"{module}.{attribute}"))
    assert (options["host"], options["port"]) == ("0.0.0.0", 8000)


@pytest.mark.parametrize("command", [SERVICES["worker"]["command"], worker_command(8000)[2:]])
def test_the_worker_watches_every_queue(command):
    assert set(parse(command)["queues"]) == set(queues.ALL)


def test_the_commands_of_make_run_are_understood_too():
    assert parse(web_command(8000)[2:])
    assert parse(beat_command(Path("/data"))[2:])


def test_every_service_is_watched_and_comes_back():
    for name, service in SERVICES.items():
        if name == "migrate":
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name


def test_nothing_of_ours_starts_before_the_migrations_are_done():
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "postgres": {"condition": "service_healthy"},
            "redis": {"condition": "service_healthy"},
        }


def test_health_checks_in_python_are_valid_python():
    test = SERVICES["web"]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-c"]
    compile(test[3], "healthcheck", "exec")


def test_the_web_is_reached_from_this_machine_only():
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])
    assert not any("ports" in SERVICES[name] for name in SERVICES if name != "web")


def test_every_volume_is_declared():
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
    }
    assert used == set(COMPOSE["volumes"])


def test_every_variable_is_explained():
    text = (ROOT / "docker-compose.yml").read_text()
    named = set(re.findall(r"\$\{([A-Z_]+)", text))
    for service in SERVICES.values():
        named |= set(service.get("environment", {}))
    assert named - NOT_FOR_ENV_FILE <= explained_variables()


def test_what_we_set_for_our_containers_is_read_by_the_settings():
    settings = (ROOT / "bakery_whatsapp" / "settings.py").read_text()
    for name in SERVICES["web"]["environment"]:
        assert f'"{name}"' in settings, name


def test_secrets_come_from_outside():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", name):
                assert value.startswith("${"), name
    assert not instruction("ARG")
    # A variable of one RUN line is gone afterwards; one of ENV stays readable in the image.
    for line in instruction("ENV"):
        names = [word.partition("=")[0] for word in shlex.split(line)]
        assert not [name for name in names if re.search("PASSWORD|SECRET|TOKEN|KEY", name)]


def test_the_image_runs_as_an_ordinary_user():
    users = instruction("USER")
    assert users
    assert users[-1] not in {"root", "0"}
    assert DOCKERFILE.index("\nUSER") > DOCKERFILE.index("\nCOPY . .")


def test_only_the_product_goes_into_the_image():
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in >= {"bakery_whatsapp", "messaging", "tenants", "templates", "locale", "manage.py"}
    assert not let_in & {".env", ".local", ".git", "tests", "docs"}
    for name in let_in:
        assert (ROOT / name).exists(), name
