from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.utils import timezone

from tenants.models import Scope, Tenant
from tenants.models.api_key import DEFAULT_SCOPES
from tenants.services.api_keys import InvalidApiKeyError, create_api_key


class Command(BaseCommand):
    help = "Make an API key and print it: the only time it is shown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--label", required=True, help="who will use it")
        parser.add_argument("--tenant", help="UUID or short name of the one bakery it is for")
        parser.add_argument(
            "--scope",
            nargs="+",
            action="extend",
            metavar="SCOPE",
            help=f"{', '.join(Scope.values)}; without it {' and '.join(DEFAULT_SCOPES)}",
        )
        parser.add_argument("--expires-in-days", type=int, help="days until it stops working")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations  # what commands print is English, their refusals too
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            new = create_api_key(
                label=options["label"],
                tenant=_tenant(options["tenant"]),
                scopes=options["scope"] or DEFAULT_SCOPES,
                expires_at=_expiry(options["expires_in_days"]),
            )
        except InvalidApiKeyError as error:
            raise CommandError(str(error)) from None
        made = {
            "id": str(new.api_key.pk),
            "key": new.secret,
            "prefix": new.api_key.prefix,
            "scopes": new.api_key.scopes,
            "tenant_id": str(new.api_key.tenant_id) if new.api_key.tenant_id else None,
            "expires_at": new.api_key.expires_at and new.api_key.expires_at.isoformat(),
        }
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        self.stdout.write(f"API key {options['label']} made. It is shown now and never again.")
        self.stdout.write(f"id: {made['id']}\nscopes: {', '.join(new.api_key.scopes)}")
        self.stdout.write(f"bakery: {made['tenant_id'] or 'all, it is for the platform'}")
        self.stdout.write(f"expires: {made['expires_at'] or 'never'}")
        self.stdout.write(new.secret)


def _tenant(text: str | None) -> Tenant | None:
    if text is None:
        return None
    try:
        found = Tenant.objects.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        found = Tenant.objects.filter(slug=text).first()
    if found is None:
        raise CommandError(f"There is no bakery {text}.")
    return found


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    try:
        return timezone.now() + timedelta(days=days)
    except OverflowError:
        raise CommandError("So many days are too many.") from None
