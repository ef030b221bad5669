from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.graph_api.errors import GraphApiError
from messaging.services.accounts import NoAccountError
from messaging.services.numbers import SyncResult


class SyncCommand(BaseCommand):
    """A command that reads something from Meta and prints what changed."""

    what: str
    sync: Callable[[], SyncResult]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = type(self).sync()
        except (GraphApiError, NoAccountError) as error:
            raise CommandError(f"Nothing was changed: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(result)))
            return
        for word, names in asdict(result).items():
            for name in names:
                self.stdout.write(f"{word}: {name}")
        self.stdout.write(
            f"{self.what}: {len(result.created)} new, {len(result.updated)} changed, {len(result.gone)} gone at Meta."
        )
