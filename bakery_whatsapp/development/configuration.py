"""What `make run` is told, and what it makes up and keeps: port, data folder and environment."""

from __future__ import annotations

import base64
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import environ

from bakery_whatsapp.embedded import write_private
from messaging import demo

ROOT = Path(__file__).resolve().parent.parent.parent
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

    @property
    def running(self) -> Path:
        """Where the copy that runs with this data folder is, while it runs."""
        return self.data_dir / "running.env"


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
