"""The demo's data, prepared in a process of its own with Django: `python -m bakery_whatsapp.development prepare FD`."""

from __future__ import annotations

import io
import json
import os
from typing import IO, Any

# Of the key that is printed: everything there is to try.
SCOPES = ("messages:send", "messages:read", "callbacks:write", "admin:read", "admin:write")


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
