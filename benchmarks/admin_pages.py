"""Ask for pages as a platform admin; prints milliseconds (median) and queries of each as JSON. `python -m benchmarks.admin_pages PATH …`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")
ASKED = 15


def main(paths: list[str]) -> None:
    django.setup()
    from django.test import Client

    from tenants.models import User

    admin, _created = User.objects.get_or_create(
        username="benchmark", is_staff=True, is_superuser=True
    )
    client = Client(headers={"host": "127.0.0.1", "x-forwarded-proto": "https"})
    client.force_login(admin)
    print(json.dumps({path: figures(client, path) for path in paths}))


def figures(client: Any, path: str) -> dict[str, float]:
    from django.db import connection

    asked: list[str] = []

    def noting(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    ask(client, path)
    with connection.execute_wrapper(noting):
        ask(client, path)
    took = []
    for _ in range(ASKED):
        started = time.monotonic()
        ask(client, path)
        took.append((time.monotonic() - started) * 1000)
    return {"ms": sorted(took)[ASKED // 2], "queries": len(asked)}


def ask(client: Any, path: str) -> None:
    # A search for a number is sent on to an address that does not show it.
    answer = client.get(path, follow=True)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")


if __name__ == "__main__":
    main(sys.argv[1:])
