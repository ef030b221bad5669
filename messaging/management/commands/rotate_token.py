from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from messaging.graph_api.errors import GraphApiError
from messaging.management.token_output import lines_of
from messaging.services.accounts import NoAccountError, current_account
from messaging.services.setup.checking import check_token_lines
from messaging.services.token_records import facts_of
from messaging.services.tokens import (
    NoAppError,
    NoPreviousTokenError,
    TokenRefusedError,
    previous_token,
    promote_token,
    renewed_token,
    verify_token,
)


class Command(BaseCommand):
    help = (
        "Put a new access token into service. It is read from stdin or asked for, never taken from the command line, "
        "where others can read it. Workers use it at once; the old one is kept for a while and then revoked at Meta."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--renew",
            action="store_true",
            help="let Meta give a new 60-day token for the stored one, which must not have expired",
        )
        source.add_argument(
            "--back", action="store_true", help="go back to the previous token while it is kept"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only verify the token, change nothing"
        )
        parser.add_argument(
            "--grace-hours",
            type=_hours,
            help="keep the old token so long; 0 when it has leaked (WHATSAPP_TOKEN_GRACE_HOURS)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @no_translations  # what commands print is English, their refusals too
    def handle(self, *args: Any, **options: Any) -> None:
        grace = options["grace_hours"]
        if options["renew"] and options["dry_run"]:
            raise CommandError("--renew makes a token at Meta, so it cannot be tried without it.")
        try:
            verification = verify_token(_new_token(options))
            if not (verification.problems or options["dry_run"]):
                promote_token(verification.token, verification=verification, grace=grace)
                check_token_lines()
        except (NoAccountError, NoAppError, NoPreviousTokenError) as error:
            raise CommandError(str(error)) from None
        except TokenRefusedError as error:
            verification = error.verification
        except GraphApiError as error:
            raise CommandError(f"Meta gave no new token, nothing was changed: {error}") from None
        is_done = not (verification.problems or options["dry_run"])
        if options["json"]:
            found = facts_of(verification) | {"replaced": is_done}
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            for line in lines_of(verification):
                self.stdout.write(line)
        if verification.problems:
            raise CommandError("\n".join(["Nothing was changed.", *verification.problems]))
        if not options["json"]:
            self.stdout.write(_what_happened(is_done))


def _new_token(options: dict[str, Any]) -> str:
    if options["back"]:
        return previous_token()
    if options["renew"]:
        return renewed_token()
    if sys.stdin.isatty():
        return getpass.getpass("New access token: ")
    return sys.stdin.read()


def _hours(text: str) -> timedelta:
    try:
        hours = timedelta(hours=float(text))
    except (ValueError, OverflowError):
        hours = timedelta(-1)
    if not timedelta(0) <= hours <= timedelta(days=60):
        raise ArgumentTypeError("hours from 0 to 1440")
    return hours


def _what_happened(is_done: bool) -> str:
    if not is_done:
        return "The token is good. Nothing was changed."
    account = current_account()
    lines = ["The token is in service."]
    if account.previous_token_until is not None:
        until = account.previous_token_until.isoformat(timespec="seconds")
        lines.append(f"The previous one is kept until {until} and then revoked at Meta.")
    if settings.WHATSAPP_ACCESS_TOKEN and account.access_token != settings.WHATSAPP_ACCESS_TOKEN:
        lines.append("Take WHATSAPP_ACCESS_TOKEN out of the environment: it is not this one.")
    return "\n".join(lines)
