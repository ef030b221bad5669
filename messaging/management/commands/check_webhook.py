from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from messaging.services.accounts import NoAccountError
from messaging.services.silence import check_now
from messaging.services.webhook_checks import (
    RESULTS,
    TITLES,
    WORDS,
    likely_cause,
    our_address,
    sentence_of,
)


class Command(BaseCommand):
    help = (
        "Try whether Meta's webhooks can reach us: subscription, address, fields, signature, certificate. "
        "Ends with 1 when something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations  # what commands print is English
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            findings = check_now()
        except NoAccountError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            rows = [finding.as_json() for finding in findings]
            self.stdout.write(json.dumps({"address": our_address(), "findings": rows}))
        else:
            self.stdout.write(f"our address: {our_address()}")
            for finding in findings:
                line = f"{RESULTS[finding.result]}: {TITLES[finding.check]}. {sentence_of(finding)}"
                self.stdout.write(line.rstrip())
        cause = likely_cause(findings)
        if cause is not None:
            raise CommandError(f"{sentence_of(cause)} {WORDS[cause.cause][1]}")
