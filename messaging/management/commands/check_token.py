from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from messaging.management.token_output import lines_of
from messaging.services.accounts import NoAccountError, current_account
from messaging.services.token_records import facts_of, iso
from messaging.services.tokens import record_check, verify_token


class Command(BaseCommand):
    help = "Ask Meta about the stored access token. Ends with 1 when something is wrong with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations  # what commands print is English
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            account = current_account()
            verification = verify_token(account.access_token, account=account)
        except NoAccountError as error:
            raise CommandError(str(error)) from None
        record_check(account, verification)
        if options["json"]:
            kept_until = account.previous_token_until
            found = facts_of(verification) | {"previous_token_until": iso(kept_until)}
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for line in lines_of(verification):
                self.stdout.write(line)
            if account.previous_token_until is not None:
                self.stdout.write(f"previous token kept until: {iso(account.previous_token_until)}")
        if verification.problems:
            raise CommandError("\n".join(verification.problems))
