from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.services import usage


class Command(BaseCommand):
    help = "Count messages by day for the cost pages: the days that are out of date, or all since a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", metavar="YYYY-MM-DD", help="count all days from this one on")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["since"] is None:
            counted = total = usage.count_stale_days()
            while counted:
                counted = usage.count_stale_days()
                total += counted
        else:
            total = usage.count_days(usage.days_since(_day(options["since"])))
        self.stdout.write(f"Counted {total} days.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no day. Write it like 2026-11-01.") from None
