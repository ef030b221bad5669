from __future__ import annotations

import json
import os
import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.services.demonstration import Login, load_demo


class Command(BaseCommand):
    help = (
        "Load the ten pilot bakeries with people, numbers, templates and messages, once. "
        "All log-ins get DEMO_PASSWORD, or a new one that is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError(
                "The demo has log-ins and is not loaded in production. Set ENVIRONMENT=development."
            )
        password = os.environ.get("DEMO_PASSWORD") or secrets.token_urlsafe(9)
        loaded = load_demo(password=password)
        # Log-ins of an earlier load keep the password they were given then.
        shown = password if loaded.is_new or os.environ.get("DEMO_PASSWORD") else None
        if options["json"]:
            report = {
                "is_new": loaded.is_new,
                "admin": _row(loaded.admin, shown),
                "support": _row(loaded.support, shown),
                "owners": [_row(owner, shown) for owner in loaded.owners],
            }
            self.stdout.write(json.dumps(report))
            return
        self.stdout.write(
            "The demo is loaded."
            if loaded.is_new
            else "There are bakeries already; nothing was changed."
        )
        for login in [loaded.admin, loaded.support, *loaded.owners]:
            self.stdout.write(
                f"{login.username}  {shown or '(password as before)'}  {login.tenant}".rstrip()
            )


def _row(login: Login, password: str | None) -> dict[str, str | None]:
    return {
        "username": login.username,
        "password": password,
        "tenant_id": login.tenant_id,
        "tenant": login.tenant,
    }
