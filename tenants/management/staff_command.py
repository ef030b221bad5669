"""What the commands that make platform staff share."""

from __future__ import annotations

import getpass
import json
import os
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from tenants.models import StaffRole
from tenants.services.staff import create_staff


class StaffCommand(BaseCommand):
    """Makes a person with `role`. The password comes from PLATFORM_ADMIN_PASSWORD or from a prompt."""

    role: StaffRole

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", required=True)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations  # what commands print is English, their refusals too
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = create_staff(
                username=options["username"],
                email=options["email"],
                password=_password(),
                role=self.role,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        made = {"id": user.pk, "username": user.username, "email": user.email}
        if options["json"]:
            self.stdout.write(json.dumps(made, ensure_ascii=False))
        else:
            self.stdout.write(f"{self.role.label} {user.username} made. Log in at /admin/.")


def _password() -> str:
    given = os.environ.get("PLATFORM_ADMIN_PASSWORD", "")
    if given:
        return given
    if not sys.stdin.isatty():
        raise CommandError("Set PLATFORM_ADMIN_PASSWORD, or run this in a terminal.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password (again): "):
        raise CommandError("The two passwords differ.")
    return password
