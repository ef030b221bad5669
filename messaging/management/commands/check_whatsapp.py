from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.db import DatabaseError, InterfaceError, ProgrammingError

from messaging.models import SetupCheck, SetupKey, SetupState
from messaging.services.setup.checking import run_checks
from messaging.services.setup.finding_words import finding_of, trouble_words
from messaging.services.setup.lines import LINES
from messaging.services.setup.sending_now import SendingNow, sending_now
from messaging.services.setup.sending_words import answer_of
from tenants.models import WhatsAppBusinessAccount
from tenants.services.number_use import capped_account

# What the command ends with, beside 0.
NOT_DONE, NOT_FOUND_OUT = 1, 2


class Command(BaseCommand):
    help = (
        "Go through the set-up: can we send right now, the guide's thirteen items, app secret, subscription and version. "
        "Ends with 0 when all of it is done and was found so now; with 1 when something is not done or nothing can be "
        "sent; with 2 when nothing is known to be wrong, but something could not be found out, such as while Meta or the "
        "database does not answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--deploy",
            action="store_true",
            help="as before a release: run `check --deploy --database default` too; its errors count as not done",
        )
        parser.add_argument(
            "--offline",
            action="store_true",
            help="print what was found last, without asking Meta or our own address; proves nothing about now",
        )

    @no_translations  # what commands print is English
    def handle(self, *args: Any, **options: Any) -> None:
        findings = _release_findings() if options["deploy"] else []
        try:
            rows = _kept() if options["offline"] else run_checks()
            account, now = capped_account(), sending_now()
        except ProgrammingError:
            raise _nothing_known(
                "The database has not the tables of this release. Run manage.py migrate."
            ) from None
        except (DatabaseError, InterfaceError):
            raise _nothing_known(
                "The database does not answer. Start it, or correct DATABASE_URL."
            ) from None
        found = [_facts_of(row, account) for row in rows]
        if options["json"]:
            self.stdout.write(_as_json(now, found, findings))
        else:
            self.stdout.write("\n".join(_as_lines(now, found, findings)))
        _end(now, rows, errors=sum(one.is_serious(checks.ERROR) for one in findings))


def _release_findings() -> list[checks.CheckMessage]:
    """Return what Django and we find in the settings, with what only matters where the public comes in."""
    try:
        found = checks.run_checks(include_deployment_checks=True, databases=["default"])
    except (DatabaseError, InterfaceError):
        # The lines below say so, or end the command.
        found = checks.run_checks(include_deployment_checks=True)
    return [one for one in found if not one.is_silenced()]


def _end(now: SendingNow, rows: list[SetupCheck], *, errors: int) -> None:
    """Raises CommandError with the status that a monitor reads."""
    unfinished = sum(not row.is_done for row in rows)
    unknown = sum(bool(row.trouble) for row in rows)
    said = []
    if unfinished:
        said.append(f"{unfinished} of {len(rows)} lines are not done.")
    if not now.is_possible:
        said.append("Nothing can be sent right now.")
    if errors:
        said.append(f"The settings have errors: {errors}.")
    status = NOT_DONE if said else NOT_FOUND_OUT
    if unknown:
        said.append(f"{unknown} of {len(rows)} lines could not be looked at now.")
    if said:
        raise CommandError(" ".join(said), returncode=status)


def _nothing_known(why: str) -> CommandError:
    return CommandError(f"{why} Nothing could be checked.", returncode=NOT_FOUND_OUT)


def _as_lines(
    now: SendingNow, found: list[dict[str, Any]], findings: list[checks.CheckMessage]
) -> list[str]:
    lines = [answer_of(now)]
    for one in found:
        trouble = f" (not found out now: {one['trouble']})" if one["trouble"] else ""
        line = f"{one['step']:>2} {one['state']}: {one['title']}. {one['finding']}"
        lines.append(f"{line.rstrip()}{trouble}")
    lines += [f"{_level(one)} {one.id}: {one.msg} {one.hint or ''}".rstrip() for one in findings]
    return lines


def _as_json(
    now: SendingNow, found: list[dict[str, Any]], findings: list[checks.CheckMessage]
) -> str:
    told = {
        "can_send": now.is_possible,
        "why": now.code,
        "done": sum(one["state"] == SetupState.DONE for one in found),
        "total": len(found),
        "lines": found,
        "settings": [
            {"id": one.id, "level": _level(one), "says": str(one.msg)} for one in findings
        ],
    }
    return json.dumps(told, ensure_ascii=False)


def _level(finding: checks.CheckMessage) -> str:
    return "error" if finding.is_serious(checks.ERROR) else "warning"


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
        "finding": finding_of(row, account),
        "checked_at": _iso(row.checked_at),
        "proved_at": _iso(row.proved_at),
        "confirmed_at": _iso(row.confirmed_at),
        "trouble": trouble_words(row.trouble) if row.trouble else "",
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
