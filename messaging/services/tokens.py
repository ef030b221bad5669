"""The access token's life: verified, put into service, its predecessor kept for a while and then revoked, reminders.

A token never appears in a log line, an error or a page; what is said about one comes from `token_verification`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging import queues
from messaging.graph_api.catalogue import is_credential_error
from messaging.graph_api.client import TokenFacts
from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind
from messaging.services.accounts import (
    NoAccountError,
    current_account,
    is_refused,
    lift_credential_stop,
    stop_sending,
)
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.graph import graph_api_for
from messaging.services.token_records import iso, record_promotion, record_refusal
from messaging.services.token_verification import (
    NoAppError,
    Verification,
    app_of,
    inspect,
    is_dead,
    verify_token,
)
from tenants.models import WhatsAppBusinessAccount

__all__ = [
    "NoAppError",
    "NoPreviousTokenError",
    "TokenRefusedError",
    "Verification",
    "check_token",
    "forget_dead",
    "previous_token",
    "promote_token",
    "record_check",
    "remind_of_token",
    "renewed_token",
    "retire_now",
    "retire_previous_tokens",
    "verify_token",
]

log = structlog.get_logger(__name__)

# Source: our rule; a 60-day token cannot be renewed once it has expired (System user tokens, 2026-11-22).
REMIND_BEFORE_END = timedelta(days=15)
_RETIRE_EVERY_S = 60
_RETIRE_EVERY_S_ALERTED = 600
_TOKEN_TYPE_LENGTH = 32


class TokenRefusedError(Exception):
    """The new token may not be used; `verification.problems` says why. Nothing was changed."""

    def __init__(self, verification: Verification) -> None:
        super().__init__(" ".join(verification.problems))
        self.verification = verification


class NoPreviousTokenError(Exception):
    """No previous token is kept."""

    def __init__(self) -> None:
        super().__init__("No previous token is kept, so there is none to go back to.")


def check_token() -> TokenFacts:
    """Ask Meta about the stored token and keep what matters: its type, when it was issued and when it ends.

    The line stops at once when Meta refuses it. Raises GraphApiError, NoAccountError and NoAppError.
    """
    account = current_account()
    facts = inspect(account)
    _record(account, facts)
    return facts


def record_check(account: WhatsAppBusinessAccount, verification: Verification) -> None:
    """Keep what a verification of the stored token told; as `check_token` does."""
    if verification.facts is not None:
        _record(account, verification.facts)
        remind_of_token()


def _record(account: WhatsAppBusinessAccount, facts: TokenFacts) -> None:
    with transaction.atomic():
        kept = WhatsAppBusinessAccount.objects.select_for_update().get(pk=account.pk)
        if kept.access_token == account.access_token:
            _keep(kept, facts)
    if not facts.is_valid and is_credential_error(facts.error_code):
        stop_sending(account, code=facts.error_code)


def promote_token(
    new_token: str,
    *,
    by: int | None = None,
    account: WhatsAppBusinessAccount | None = None,
    verification: Verification | None = None,
    grace: timedelta | None = None,
) -> WhatsAppBusinessAccount:
    """Verify the token and put it into service at once; the old one is kept for `grace`, then revoked.

    A line that an error of the old token stopped goes on; nothing is restarted. `by` is the user's primary key,
    `verification` one that was just made of this token. Raises TokenRefusedError and NoAccountError.
    """
    account = account or current_account()
    if verification is None:
        verification = verify_token(new_token, account=account)
    if verification.problems or verification.facts is None:
        raise TokenRefusedError(verification)
    with transaction.atomic():
        kept = WhatsAppBusinessAccount.objects.select_for_update().get(pk=account.pk)
        old_token = kept.access_token
        is_new = old_token != verification.token
        if is_new:
            _replace(kept, verification.token, _grace() if grace is None else grace)
            record_promotion(kept, verification, old_token=old_token, by=by)
        _keep(kept, verification.facts)
        lift_credential_stop(kept)
        queues.wake_sync()
    if is_new:
        log.info(
            "WhatsApp token replaced",
            waba_id=kept.waba_id,
            user_id=by,
            previous_token_until=iso(kept.previous_token_until),
        )
    remind_of_token()
    kept.refresh_from_db()
    return kept


def previous_token(account: WhatsAppBusinessAccount | None = None) -> str:
    """Return the newest token that was replaced and is kept. Raises NoPreviousTokenError and NoAccountError."""
    tokens = (account or current_account()).previous_token_list
    if not tokens:
        raise NoPreviousTokenError
    newest: str = tokens[-1]
    return newest


def renewed_token() -> str:
    """Return a new 60-day token that Meta gives for the stored one. Raises GraphApiError, NoAccountError, NoAppError."""
    account = current_account()
    app_id, secret = app_of(account)
    return graph_api_for(account).exchange_token(
        account.access_token, app_id=app_id, app_secret=secret
    )


def _grace() -> timedelta:
    return timedelta(hours=max(0.0, settings.WHATSAPP_TOKEN_GRACE_HOURS))


def _replace(account: WhatsAppBusinessAccount, token: str, grace: timedelta) -> None:
    """Put the token in place. Several may be kept, each one a line; the one in service is never among them."""
    kept = dict.fromkeys([*account.previous_token_list, account.access_token])
    previous = [old for old in kept if old and old != token]
    account.access_token = token
    account.previous_access_token = "\n".join(previous)
    account.previous_token_until = timezone.now() + grace if previous else None
    account.token_issued_at = None
    account.save(
        update_fields=[
            "access_token",
            "previous_access_token",
            "previous_token_until",
            "token_issued_at",
        ]
    )


def _keep(account: WhatsAppBusinessAccount, facts: TokenFacts) -> None:
    """Store what Meta says; an invalid token loses its facts at Meta, not here."""
    account.token_checked_at = timezone.now()
    if facts.is_valid:
        account.token_type = (facts.type or "")[:_TOKEN_TYPE_LENGTH]
        # Reminders count from here; where Meta does not tell, the first look is the nearest we know.
        account.token_issued_at = facts.issued_at or account.token_issued_at or timezone.now()
        account.token_expires_at = facts.expires_at
    account.save(
        update_fields=["token_checked_at", "token_type", "token_issued_at", "token_expires_at"]
    )


# --- The end of the old one --------------------------------------------------------------------------


def retire_previous_tokens() -> int:
    """Revoke the tokens whose grace period is over; return how many Meta has been proved to refuse.

    What Meta does not answer stays and is tried again in a minute. While the line is stopped by the token's fault nothing
    is revoked: the old one may be the only one that works.
    """
    now = timezone.now()
    overdue = WhatsAppBusinessAccount.objects.filter(previous_token_until__lte=now)
    account = overdue.order_by("id").first()
    if account is None or is_refused(account) or not _is_time_to_retire(account):
        return 0
    return len(_retire(account))


def retire_now(account: WhatsAppBusinessAccount, *, by: int) -> bool:
    """Revoke the kept tokens without waiting for their grace; True when Meta has been proved to refuse them all.

    Raises NoPreviousTokenError.
    """
    kept = account.previous_token_list
    if not kept:
        raise NoPreviousTokenError
    return len(_retire(account, by=by)) == len(kept)


def forget_dead(
    account: WhatsAppBusinessAccount, verification: Verification, *, by: int | None
) -> None:
    """Keep a previous token no longer of which Meta has just said that it is dead, and not only asleep."""
    facts = verification.facts
    if facts is not None and is_dead(facts):
        _forget(account, {verification.token}, by=by)


def _retire(account: WhatsAppBusinessAccount, *, by: int | None = None) -> set[str]:
    retired = {token for token in account.previous_token_list if _is_retired(account, token)}
    _forget(account, retired, by=by)
    return retired


def _is_time_to_retire(account: WhatsAppBusinessAccount) -> bool:
    is_alerted = (
        Alert.objects.open()
        .filter(kind=AlertKind.TOKEN_NOT_REVOKED, subject=account.waba_id)
        .exists()
    )
    seconds = _RETIRE_EVERY_S_ALERTED if is_alerted else _RETIRE_EVERY_S
    return queues.is_first_within(seconds, f"retire-token:{account.pk}")


def _is_retired(account: WhatsAppBusinessAccount, token: str) -> bool:
    """Revoke one old token and have Meta say that it refuses it."""
    if token == account.access_token:  # Never the one in service, whatever put it here.
        return True
    try:
        if not _is_refused(account, token):
            _revoke(account, token)
            if not _is_refused(account, token):
                open_alert(AlertKind.TOKEN_NOT_REVOKED, subject=account.waba_id)
                return False
    except NoAppError:
        open_alert(AlertKind.TOKEN_NOT_REVOKED, subject=account.waba_id)
        return False
    except GraphApiError as error:
        log.warning("Old WhatsApp token not revoked yet", waba_id=account.waba_id, error=str(error))
        return False
    log.info("Old WhatsApp token revoked", waba_id=account.waba_id)
    return True


def _is_refused(account: WhatsAppBusinessAccount, token: str) -> bool:
    """Whether Meta itself says that the token is dead; of another app's token it does not tell."""
    app_id, secret = app_of(account)
    facts = graph_api_for(account).debug_token(token, app_id=app_id, app_secret=secret)
    is_told = facts.error_code is None or is_credential_error(facts.error_code)
    return not facts.is_valid and is_told


def _revoke(account: WhatsAppBusinessAccount, token: str) -> None:
    """Ask for it; whether it worked is for `debug_token` to say, also after a refusal or without an answer."""
    app_id, secret = app_of(account)
    try:
        graph_api_for(account).revoke_token(token, app_id=app_id, app_secret=secret)
    except GraphApiError as error:
        log.warning("Old WhatsApp token not revoked yet", waba_id=account.waba_id, error=str(error))


def _forget(account: WhatsAppBusinessAccount, retired: set[str], *, by: int | None) -> None:
    if not retired:
        return
    with transaction.atomic():
        kept = WhatsAppBusinessAccount.objects.select_for_update().get(pk=account.pk)
        left = [token for token in kept.previous_token_list if token not in retired]
        kept.previous_access_token = "\n".join(left)
        kept.previous_token_until = kept.previous_token_until if left else None
        kept.save(update_fields=["previous_access_token", "previous_token_until"])
        record_refusal(kept, retired, by=by)
    if not left:
        close_alerts(AlertKind.TOKEN_NOT_REVOKED, subject=account.waba_id)


# --- Reminders ---------------------------------------------------------------------------------------


def remind_of_token() -> None:
    """Open the alert that is due for the stored token and close those that no longer hold."""
    try:
        account = current_account()
    except NoAccountError:
        return
    due = _reminder(account, timezone.now())
    for kind in (AlertKind.TOKEN_EXPIRES, AlertKind.TOKEN_DUE, AlertKind.TOKEN_OVERDUE):
        if kind is not due:
            close_alerts(kind, subject=account.waba_id)
        elif open_alert(kind, subject=account.waba_id):
            log.warning(
                "WhatsApp token should be replaced",
                waba_id=account.waba_id,
                issued_at=iso(account.token_issued_at),
                expires_at=iso(account.token_expires_at),
            )


def _reminder(account: WhatsAppBusinessAccount, now: datetime) -> AlertKind | None:
    if account.token_expires_at is not None:
        is_near = now >= account.token_expires_at - REMIND_BEFORE_END
        return AlertKind.TOKEN_EXPIRES if is_near else None
    if account.token_issued_at is None:
        return None
    age = now - account.token_issued_at
    if age >= timedelta(days=settings.WHATSAPP_TOKEN_ALARM_DAYS):
        return AlertKind.TOKEN_OVERDUE
    if age >= timedelta(days=settings.WHATSAPP_TOKEN_REMIND_DAYS):
        return AlertKind.TOKEN_DUE
    return None
