from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from tenants.services import assignments, provisioning


class Command(BaseCommand):
    help = "Make a bakery, with a sending number at once when one is named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the bakery is called")
        parser.add_argument("--id", help="its UUID, when the platform has one already")
        parser.add_argument("--phone-number-id", help="Meta's id of a spare number")
        parser.add_argument(
            "--enable",
            action="store_true",
            help="switch WhatsApp on for it; otherwise its owner does",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations  # what commands print is English, their refusals too
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = provisioning.create_tenant(
                name=options["name"],
                tenant_id=_uuid(options["id"]),
                phone_number_id=options["phone_number_id"],
                whatsapp_enabled=options["enable"],
                by="create_tenant",
            )
        except (
            provisioning.InvalidTenantError,
            provisioning.UnknownNumberError,
            assignments.NumberTakenError,
            assignments.ReservedNumberError,
            assignments.UnusableNumberError,
        ) as error:
            raise CommandError(str(error)) from None
        made = {
            "id": str(tenant.pk),
            "name": tenant.name,
            "slug": tenant.slug,
            "phone_number_id": options["phone_number_id"],
        }
        if options["json"]:
            self.stdout.write(json.dumps(made, ensure_ascii=False))
            return
        number = made["phone_number_id"] or "none, it uses the default one"
        self.stdout.write(f"Bakery {made['name']} made.")
        self.stdout.write(
            f"id: {made['id']}\nshort name: {made['slug']}\nphone number id: {number}"
        )


def _uuid(text: str | None) -> uuid.UUID | None:
    if text is None:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CommandError(f"{text} is no UUID.") from None
