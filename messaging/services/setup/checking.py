"""Finding out how the lines of the set-up stand, and keeping it: one line at a time, Meta being asked between transactions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import redis
import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from messaging import queues
from messaging.graph_api.errors import GraphApiError
from messaging.models import AlertKind, SetupCheck, SetupKey, SetupState
from messaging.services import refused_token
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.setup.lines import LINE_OF, LINES, SetupLine
from messaging.services.setup.outcomes import (
    TOKEN_REFUSED,
    NotReadyError,
    Outcome,
    UnansweredError,
    needs_you,
)
from messaging.services.setup.reading import Reading
from messaging.services.token_verification import PASSING
from messaging.services.webhook_address import is_simulated
from tenants.audit import record_change, unlogged
from tenants.models import User

log = structlog.get_logger(__name__)

# What holds is looked at once a day, what is missing or broken every hour, so that an alert closes by itself soon.
EVERY_DAY = timedelta(hours=24)
EVERY_HOUR = timedelta(hours=1)
# What nothing was ever found out about is asked for often: a new installation is looked at while it still starts.
EVERY_MINUTE = timedelta(minutes=1)


class NotByHandError(Exception):
    """Meta tells how this line stands, so nobody's word is needed."""


def run_checks(keys: Collection[SetupKey] | None = None) -> list[SetupCheck]:
    """Check these lines, or all, and return their rows. Never raises for what it finds, nor while Meta is away.

    The token is looked at with the lines that wait for it, after them, and whenever Meta refuses one of them for it.
    """
    reading = Reading()
    wanted = {line.key for line in LINES if keys is None or line.key in keys}
    looked_at = wanted | (_waiting_for_token() if SetupKey.TOKEN in wanted else set())
    rows: dict[SetupKey, SetupCheck] = {
        line.key: _check(line, reading)
        for line in LINES
        if line.key in looked_at and line.key != SetupKey.TOKEN
    }
    if SetupKey.TOKEN in wanted or reading.token_refusal is not None:
        rows[SetupKey.TOKEN] = _check(LINE_OF[SetupKey.TOKEN], reading)
    return [rows[line.key] for line in LINES if line.key in wanted]


def _waiting_for_token() -> set[SetupKey]:
    """Return the lines that Meta last refused for the access token."""
    refused = Q(trouble=TOKEN_REFUSED) | Q(code=TOKEN_REFUSED, found=SetupState.LATER)
    keys = SetupCheck.objects.filter(refused).values_list("key", flat=True)
    return {SetupKey(key) for key in keys}


def check_what_is_due() -> int:
    """Check the lines whose last look is too old; return how many. Called every ten minutes."""
    queues.is_awake(queues.CHECK_SETUP)
    due = _due()
    if due:
        run_checks(due)
    return len(due)


def check_what_was_never_checked() -> None:
    """Have a new installation looked at within seconds instead of ten minutes; while Meta is away, once a minute."""
    known = _of_this_meta().filter(checked_at__isnull=False).count()
    if known < len(LINES) and queues.is_first_within(60, queues.CHECK_SETUP):
        queues.wake_setup()


def check_soon(*, now: Collection[SetupKey]) -> list[SetupCheck]:
    """Check these lines now and leave all others to a worker, or do them here too where none lives.

    Called after something that all may depend on has changed, by somebody who waits for the answer.
    """
    if not is_worker_there():
        return [row for row in run_checks() if row.key in now]
    SetupCheck.objects.exclude(key__in=now).update(tried_at=None)
    queues.wake_setup()
    return run_checks(now)


def check_token_lines() -> None:
    """Look at once at what the set-up says of the token, and at what waited for it, after another one came into service."""
    run_checks([SetupKey.SYSTEM_USER, SetupKey.TOKEN])


def is_worker_there() -> bool:
    """Whether somebody else will look; False too when nobody can say."""
    try:
        return queues.is_worker_alive()
    except redis.RedisError:
        return False


def confirm(key: SetupKey, *, by: User) -> SetupCheck:
    """Take a person's word for what Meta does not tell. Raises NotByHandError."""
    with transaction.atomic():
        row = _locked(key)
        if row.found != SetupState.BY_HAND:
            raise NotByHandError
        before = _word_of(row)
        row.confirmed_by, row.confirmed_at = by, timezone.now()
        row.confirmed_code, row.confirmed_extent = row.code, row.extent
        row.proved_at = row.confirmed_at
        _settle(row)
        _log_word(row, before)
    log.info("Set-up line confirmed by hand", line=key, user_id=by.pk)
    return row


def take_back(key: SetupKey, *, by: User) -> SetupCheck:
    """Undo a confirmation. Raises NotByHandError when there is none."""
    with transaction.atomic():
        row = _locked(key)
        if row.confirmed_at is None:
            raise NotByHandError
        before = _word_of(row)
        row.confirmed_by = row.confirmed_at = row.proved_at = None
        row.confirmed_code, row.confirmed_extent = "", 0
        _settle(row)
        _log_word(row, before)
    log.info("Set-up confirmation taken back", line=key, user_id=by.pk)
    return row


def _word_of(row: SetupCheck) -> tuple[User | None, datetime | None]:
    return row.confirmed_by, row.confirmed_at


def _log_word(row: SetupCheck, before: tuple[User | None, datetime | None]) -> None:
    by, at = _word_of(row)
    record_change(row, confirmed_by=(before[0], by), confirmed_at=(before[1], at))


def _due() -> list[SetupKey]:
    now = timezone.now()
    rows = _of_this_meta().in_bulk(field_name="key")
    due = []
    for line in LINES:
        row = rows.get(line.key.value)
        if row is None or row.tried_at is None or row.tried_at <= now - _pause_of(row):
            due.append(line.key)
    return due


def _of_this_meta() -> QuerySet[SetupCheck]:
    return SetupCheck.objects.exclude(was_simulated=not is_simulated())


def _pause_of(row: SetupCheck) -> timedelta:
    if row.checked_at is None:
        return EVERY_MINUTE
    return EVERY_DAY if row.is_done and not row.trouble else EVERY_HOUR


def _check(line: SetupLine, reading: Reading) -> SetupCheck:
    try:
        outcome = line.check(reading)
    except NotReadyError as error:
        return _keep_later(line.key, error.code)
    except UnansweredError as error:
        return _keep_trouble(line.key, error.trouble)
    except GraphApiError as error:
        if error.error_class in PASSING:
            code = error.code if error.code is not None else type(error).__name__
            return _keep_trouble(line.key, str(code))
        outcome = needs_you("refused", error=error.code)
    return _keep(line.key, outcome)


def _keep(key: SetupKey, outcome: Outcome) -> SetupCheck:
    with transaction.atomic():
        row = _locked(key)
        row.found, row.code, row.facts = outcome.found, outcome.code, outcome.facts
        row.checked_at = row.tried_at = timezone.now()
        row.trouble = ""
        if outcome.found == SetupState.DONE:
            row.proved_at = row.checked_at
        _settle(row)
    return row


def _keep_later(key: SetupKey, code: str) -> SetupCheck:
    """Another line comes first. What once held is not broken by that: it keeps its proof, the other line breaks."""
    if _of_this_meta().filter(key=key, proved_at__isnull=False).exists():
        return _keep_trouble(key, code)
    return _keep(key, Outcome(SetupState.LATER, code))


def _keep_trouble(key: SetupKey, trouble: str) -> SetupCheck:
    """Nothing was found out, so everything stays as it was."""
    with transaction.atomic():
        row = _locked(key)
        row.tried_at, row.trouble = timezone.now(), trouble[:64]
        row.save(update_fields=["tried_at", "trouble", "was_simulated"])
    return row


def _locked(key: SetupKey) -> SetupCheck:
    """Return the line's row; one that was found at the other Meta begins anew."""
    with unlogged():
        SetupCheck.objects.get_or_create(key=key)
    row = SetupCheck.objects.select_for_update(of=("self",)).get(key=key)
    simulated = is_simulated()
    if row.was_simulated not in (None, simulated):
        row = _begun_anew(row)
    row.was_simulated = simulated
    return row


def _begun_anew(row: SetupCheck) -> SetupCheck:
    """Forget what the simulator proved, or what was confirmed of it: at Meta that is worth nothing, and the other way round."""
    before = _word_of(row)
    anew = SetupCheck(pk=row.pk, key=row.key)
    with unlogged():
        anew.save(force_update=True)
    if before[1] is not None:
        _log_word(anew, before)
    close_alerts(AlertKind.SETUP_BROKEN, subject=row.key)
    log.info("Set-up line begins anew", line=row.key, before=row.state)
    return anew


def _settle(row: SetupCheck) -> None:
    """Save the row with the state that follows from what was found, from the past and from a person's word."""
    state = _state_of(row)
    if state != row.state:
        log.info(
            "Set-up line changed", line=row.key, before=row.state, after=state, finding=row.code
        )
        row.state, row.state_since = state, timezone.now()
    with unlogged():
        row.save()
    if state == SetupState.BROKEN and not _has_accounts_alert(row):
        details = {"line": row.key, "code": row.code, "facts": row.facts}
        open_alert(AlertKind.SETUP_BROKEN, subject=row.key, details=details)
    else:
        close_alerts(AlertKind.SETUP_BROKEN, subject=row.key)


def _has_accounts_alert(row: SetupCheck) -> bool:
    if row.key not in (SetupKey.TOKEN, SetupKey.APP_SECRET):
        return False
    standing = refused_token.standing_alert()
    return standing is not None and refused_token.line_at_fault(standing.code) == row.key


def _state_of(row: SetupCheck) -> SetupState:
    if row.found == SetupState.BY_HAND:
        # Only a person's word is missing, so nothing broke.
        return SetupState.DONE if row.is_confirmed else SetupState.BY_HAND
    # A new test on its way breaks nothing yet.
    is_trying = (row.key, row.found) == (SetupKey.TEST, SetupState.WAITING)
    if row.found != SetupState.DONE and row.proved_at is not None and not is_trying:
        return SetupState.BROKEN
    return SetupState(row.found)
