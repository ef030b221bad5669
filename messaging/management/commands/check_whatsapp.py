from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from messaging.models import SetupCheck, SetupKey, SetupState
from messaging.services.setup.checking import run_checks
from messaging.services.setup.finding_words import sentence_of
from messaging.services.setup.lines import LINES
from tenants.models import WhatsAppBusinessAccount
from tenants.services.number_use import capped_account


class Command(BaseCommand):
    help = (
        "Go through the set-up: the guide's thirteen items, app secret, subscription and version. "
        "Ends with 1 unless all of them are done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--offline",
            action="store_true",
            help="print what was found last, without asking Meta or our own address",
        )

    @no_translations  # what commands print is English
    def handle(self, *args: Any, **options: Any) -> None:
        rows = _kept() if options["offline"] else run_checks()
        account = capped_account()
        found = [_facts_of(row, account) for row in rows]
        open_lines = [one for one in found if one["state"] != SetupState.DONE]
        if options["json"]:
            done = len(found) - len(open_lines)
            told = {"done": done, "total": len(found), "lines": found}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            for one in found:
                line = f"{one['step']:>2} {one['state']}: {one['title']}. {one['finding']}"
                trouble = f" (not answered now: {one['trouble']})" if one["trouble"] else ""
                self.stdout.write(f"{line.rstrip()}{trouble}")
        if open_lines:
            raise CommandError(f"{len(open_lines)} of {len(found)} lines are not done.")


def _kept() -> list[SetupCheck]:
    rows = SetupCheck.objects.in_bulk(field_name="key")
    return [rows.get(line.key.value) or SetupCheck(key=line.key) for line in LINES]


def _facts_of(row: SetupCheck, account: WhatsAppBusinessAccount | None) -> dict[str, Any]:
    step = next(line.step for line in LINES if line.key == row.key)
    return {
        "line": row.key,
        "step": step,
        "title": str(SetupKey(row.key).label),
        "state": row.state,
        "code": row.code,
        "finding": sentence_of(row.code, row.facts, account) if row.code else "",
        "checked_at": _iso(row.checked_at),
        "proved_at": _iso(row.proved_at),
        "confirmed_at": _iso(row.confirmed_at),
        "trouble": row.trouble,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
