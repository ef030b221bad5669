from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from messaging.models import DeliveryOutcome, WebhookDelivery
from messaging.services import replaying


class Command(BaseCommand):
    help = "Have stored webhooks applied again. Harmless: what was applied before changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="after", help="received from this time on, such as 2026-11-25T08:30"
        )
        parser.add_argument("--to", dest="before", help="received before this time")
        parser.add_argument(
            "--id", dest="ids", type=int, action="append", help="this one; may be repeated"
        )
        parser.add_argument(
            "--verdict", choices=DeliveryOutcome.values, help="only those that ended so"
        )
        parser.add_argument(
            "--now", action="store_true", help="apply them here instead of leaving them to a worker"
        )

    def handle(self, *args: object, **options: Any) -> None:
        if not (options["ids"] or options["after"] or options["before"]):
            raise CommandError("Say which: --from and --to, or --id.")
        found = replaying.in_range(
            after=_moment(options["after"]),
            before=_moment(options["before"]),
            outcome=DeliveryOutcome(options["verdict"]) if options["verdict"] else None,
        )
        if options["ids"]:
            found = found.filter(pk__in=options["ids"])
            self._tell_missing(set(options["ids"]))
        if options["now"]:
            self.stdout.write(f"{replaying.replay_all_now(found)} applied again.")
        else:
            self.stdout.write(f"{replaying.replay(found)} will be applied again by a worker.")

    def _tell_missing(self, ids: set[int]) -> None:
        stored = WebhookDelivery.objects.filter(pk__in=ids).values_list("pk", flat=True)
        for missing in sorted(ids - set(stored)):
            self.stderr.write(f"There is no delivery {missing}; it may have been deleted by age.")


def _moment(text: str | None) -> datetime | None:
    """Read a time or a date, which is its midnight; without a zone it is in the product's."""
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{text} is no time; write it as 2026-11-25 or 2026-11-25T08:30.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)
