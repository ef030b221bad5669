"""`.env.example` names what the product reads, all of it and nothing else, and what it shows can be used."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
SHOWN = dict(LINE.findall(EXAMPLE))
CODE = [
    ROOT / "manage.py",
    *(
        path
        for app in ("bakery_whatsapp", "messaging", "tenants")
        for path in (ROOT / app).rglob("*.py")
    ),
]
# Read by our code, and nobody writes them into .env.
NOT_FOR_ENV_FILE = {
    "PATH",  # the system's
    "MAKELEVEL",  # make's
    "DJANGO_SETTINGS_MODULE",  # the same in every installation
    "DEMO_API_KEY",  # `make run` keeps its own in DATA_DIR
}
SECRETS = {
    "SECRET_KEY": "invented-for-this-test-and-long-enough-to-please-every-check",
    "FIELD_ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "WHATSAPP_APP_SECRET": "invented",
}


def names_read(path: Path) -> Iterator[str]:
    """The variables that a module reads through `env.…("NAME")` or os.environ."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case (
                ast.Call(
                    func=ast.Attribute(value=ast.Name("env")) | ast.Name("env"),
                    args=[ast.Constant(value=str(name)), *_],
                )
                | ast.Call(
                    func=ast.Attribute(
                        value=ast.Attribute(value=ast.Name("os"), attr="environ"),
                        attr="get" | "setdefault" | "pop",
                    )
                    | ast.Attribute(value=ast.Name("os"), attr="getenv"),
                    args=[ast.Constant(value=str(name)), *_],
                )
                | ast.Subscript(
                    value=ast.Attribute(value=ast.Name("os"), attr="environ"),
                    slice=ast.Constant(value=str(name)),
                )
                | ast.Compare(
                    left=ast.Constant(value=str(name)),
                    comparators=[ast.Attribute(value=ast.Name("os"), attr="environ")],
                )
            ):
                yield name


def names_in_compose() -> set[str]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", text))


READ = {name for path in CODE for name in names_read(path)} - NOT_FOR_ENV_FILE


def test_the_search_finds_every_way_of_reading():
    assert {
        "DATABASE_URL",
        "WHATSAPP_APP_SECRET",
        "DEMO_PASSWORD",
        "PLATFORM_ADMIN_PASSWORD",
    } <= READ


def test_every_variable_that_is_read_is_in_the_example():
    assert READ | names_in_compose() <= set(SHOWN)


def test_every_variable_of_the_example_is_read():
    assert set(SHOWN) <= READ | names_in_compose()


def test_no_variable_stands_there_twice():
    names = [name for name, _value in LINE.findall(EXAMPLE)]
    assert sorted(names) == sorted(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_comment_explains_the_variable(name):
    (paragraph,) = [
        text for text in EXAMPLE.split("\n\n") if re.search(rf"^{name}=", text, re.MULTILINE)
    ]
    comment, _variable, _rest = paragraph.partition(f"\n{name}=")
    assert comment.startswith("# "), f"{name} needs a comment directly above it"


def test_no_secret_has_a_value():
    for name, value in SHOWN.items():
        if re.search("(SECRET|SECRET_KEY|PASSWORD|TOKEN|KEYS?)$", name):
            assert not value, name


def test_the_health_check_of_the_container_may_ask():
    assert "127.0.0.1" in SHOWN["ALLOWED_HOSTS"].split(",")


def test_the_example_with_its_secrets_filled_in_starts_in_production():
    given = {**SHOWN, **SECRETS}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "check"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "bakery_whatsapp.settings",
            **given,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr
