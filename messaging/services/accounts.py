"""The master account: where its credentials come from, and whether its line is open."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from messaging import queues
from messaging.graph_api.catalogue import WRONG_PROOF, is_credential_error
from messaging.models import AlertKind, SetupCheck, SetupKey
from messaging.services import refused_token
from messaging.services.alerts import close_alerts, open_alert
from tenants.audit import update_logged
from tenants.models import PhoneNumber, StopReason, WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

# The graver one stands; an error code is the least of them, for the next attempt shows whether it is mended.
_GRAVITY = ("", StopReason.RESTRICTED, StopReason.DISABLED, StopReason.DELETED)
_LINE_OPEN: dict[str, object] = {
    "sending_stopped_at": None,
    "sending_stopped_code": None,
    "sending_stopped_reason": "",
    "sending_stopped_until": None,
}


# Reading and decrypting them for each webhook would cost more than storing it. A new secret counts at once, because a
# signature that does not match has them read again; an old one is refused after this time.
_SECRETS_KNOWN_S = 5.0


@dataclass(slots=True)
class _KnownSecrets:
    values: list[str] = field(default_factory=list)
    known_until: float = 0.0


_webhook_secrets = _KnownSecrets()


class NoAccountError(Exception):
    """There is no WhatsApp Business Account yet."""

    def __init__(self) -> None:
        super().__init__(
            "Set WHATSAPP_BUSINESS_ACCOUNT_ID and WHATSAPP_ACCESS_TOKEN, or add the account in the admin."
        )


def current_account() -> WhatsAppBusinessAccount:
    """Return the master account; an empty database is seeded once from the environment. Raises NoAccountError."""
    account = WhatsAppBusinessAccount.objects.order_by("id").first() or _seed_from_environment()
    if account is None:
        raise NoAccountError
    return account


def stop_sending(account: WhatsAppBusinessAccount, *, code: int | None) -> bool:
    """Stop the line after an error of the account or its token. True for the one caller that stopped it.

    `account` is as its caller used it: when its token or its app secret has been replaced meanwhile, a refusal of the old
    one stops nothing.
    """
    with transaction.atomic():
        kept = WhatsAppBusinessAccount.objects.select_for_update().get(pk=account.pk)
        if is_credential_error(code) and _credentials(kept) != _credentials(account):
            _wake_numbers(kept)
            return False
        if kept.sending_stopped_at is not None:
            return False
        kept.sending_stopped_at, kept.sending_stopped_code = timezone.now(), code
        kept.save(update_fields=["sending_stopped_at", "sending_stopped_code"])
    log.error(
        "WhatsApp sending stopped",
        waba_id=account.waba_id,
        error_code=code,
        previous_token_kept=bool(kept.previous_access_token) or None,
    )
    open_alert(AlertKind.ACCOUNT_STOPPED, subject=account.waba_id, code=code)
    if is_credential_error(code):
        refused_token.close_others(account.waba_id, code=code)
        _look_at_credentials_again()
    return True


def _credentials(account: WhatsAppBusinessAccount) -> tuple[str, list[str]]:
    return account.access_token, account.app_secret_list[:1]


def stop_by_meta(
    account: WhatsAppBusinessAccount, *, reason: StopReason, until: datetime | None = None
) -> bool:
    """Stop the line because Meta says so, until `until` where Meta names an end. False when that or a graver reason stands."""
    with transaction.atomic():
        kept = WhatsAppBusinessAccount.objects.select_for_update().get(pk=account.pk)
        if _GRAVITY.index(kept.sending_stopped_reason) > _GRAVITY.index(reason):
            return False
        if (kept.sending_stopped_reason, kept.sending_stopped_until) == (reason, until):
            return False
        kept.sending_stopped_at = kept.sending_stopped_at or timezone.now()
        kept.sending_stopped_code = None
        kept.sending_stopped_reason, kept.sending_stopped_until = reason, until
        kept.save(update_fields=list(_LINE_OPEN))
    log.error("WhatsApp sending stopped", waba_id=account.waba_id, reason=reason, until=until)
    open_alert(
        AlertKind.ACCOUNT_STOPPED,
        subject=account.waba_id,
        details={"reason": reason, "until": until.isoformat() if until else None},
    )
    return True


def lift_stop_by_meta(account: WhatsAppBusinessAccount, *, reasons: Collection[StopReason]) -> bool:
    """Open the line that Meta had stopped for one of these reasons. What a person paused stays paused."""
    stopped = WhatsAppBusinessAccount.objects.filter(
        pk=account.pk, sending_stopped_reason__in=reasons
    )
    if not update_logged(stopped, **_LINE_OPEN):
        return False
    _resumed(account)
    return True


def is_refused(account: WhatsAppBusinessAccount) -> bool:
    """Whether the line stands because Meta refuses the token in service."""
    code = account.sending_stopped_code
    is_stopped = account.sending_stopped_at is not None
    return is_stopped and is_credential_error(code) and code != WRONG_PROOF


def stop_number(number: PhoneNumber, *, code: int | None) -> bool:
    """Stop one number after an error of its own. It is tried again with one message every ten minutes."""
    now = timezone.now()
    stopped = PhoneNumber.objects.filter(pk=number.pk).update(
        sending_stopped_at=now, sending_stopped_code=code
    )
    if open_alert(AlertKind.NUMBER_STOPPED, subject=number.phone_number_id, code=code):
        log.error(
            "WhatsApp number stopped", phone_number_id=number.phone_number_id, error_code=code
        )
    return bool(stopped)


def number_works(number: PhoneNumber) -> None:
    """Meta accepted a message from the number: whatever had stopped it is mended."""
    if number.sending_stopped_at is not None:
        resume_number(number)


def resume_number(number: PhoneNumber) -> None:
    """Open one number's line again; what waited goes out."""
    PhoneNumber.objects.filter(pk=number.pk).update(
        sending_stopped_at=None, sending_stopped_code=None
    )
    close_alerts(AlertKind.NUMBER_STOPPED, subject=number.phone_number_id)
    log.info("WhatsApp number resumed", phone_number_id=number.phone_number_id)
    queues.wake_sender(number.pk)


def pause_sending(account: WhatsAppBusinessAccount) -> None:
    """Keep messages waiting until an admin resumes."""
    running = WhatsAppBusinessAccount.objects.filter(pk=account.pk, sending_paused_at__isnull=True)
    update_logged(running, sending_paused_at=timezone.now())
    log.info("WhatsApp sending paused", waba_id=account.waba_id)


def resume_sending(account: WhatsAppBusinessAccount) -> None:
    """Open the line again, whether it was paused or stopped; what waited goes out."""
    halted = WhatsAppBusinessAccount.objects.filter(pk=account.pk)
    update_logged(halted, sending_paused_at=None, **_LINE_OPEN)
    _resumed(account)
    if is_refused(account):
        queues.wake_sync()


def lift_credential_stop(account: WhatsAppBusinessAccount) -> bool:
    """Open the line that an error of the token stopped; what a person paused stays paused. True when it was stopped so."""
    if account.sending_stopped_at is None or not is_credential_error(account.sending_stopped_code):
        return False
    stopped = WhatsAppBusinessAccount.objects.filter(pk=account.pk)
    update_logged(stopped, sending_stopped_at=None, sending_stopped_code=None)
    _resumed(account)
    return True


def lift_secret_stop(account: WhatsAppBusinessAccount) -> bool:
    """Open the line that a wrong app secret stopped, now that there is another one. True when it was stopped so."""
    stopped = WhatsAppBusinessAccount.objects.filter(
        pk=account.pk, sending_stopped_at__isnull=False, sending_stopped_code=WRONG_PROOF
    )
    if not update_logged(stopped, sending_stopped_at=None, sending_stopped_code=None):
        return False
    _resumed(account)
    return True


def _resumed(account: WhatsAppBusinessAccount) -> None:
    close_alerts(AlertKind.ACCOUNT_STOPPED, subject=account.waba_id)
    log.info("WhatsApp sending resumed", waba_id=account.waba_id)
    _wake_numbers(account)
    _look_at_credentials_again()


def _look_at_credentials_again() -> None:
    """Have the set-up's lines of token and app secret checked now instead of within the day."""
    keys = (SetupKey.TOKEN, SetupKey.APP_SECRET)
    SetupCheck.objects.filter(key__in=keys).update(tried_at=None)
    queues.wake_setup()


def _wake_numbers(account: WhatsAppBusinessAccount) -> None:
    for number in account.phone_numbers.values_list("pk", flat=True):
        queues.wake_sender(number)


def webhook_secrets(*, fresh: bool = False) -> list[str]:
    """Return every app secret that may have signed a webhook, as known for some seconds unless `fresh`."""
    now = time.monotonic()
    if fresh or now >= _webhook_secrets.known_until:
        _webhook_secrets.values = _stored_secrets()
        _webhook_secrets.known_until = now + _SECRETS_KNOWN_S
    return _webhook_secrets.values


def forget_webhook_secrets() -> None:
    """Read them again at the next use, in this process."""
    _webhook_secrets.known_until = 0.0


def _stored_secrets() -> list[str]:
    try:
        return current_account().app_secret_list
    except NoAccountError:
        secrets: list[str] = settings.WHATSAPP_APP_SECRETS
        return secrets


def webhook_verify_token() -> str:
    """Return the token Meta must show when it verifies the webhook's address; empty when none is set."""
    try:
        stored: str = current_account().webhook_verify_token
        return stored
    except NoAccountError:
        token: str = settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN
        return token


def _seed_from_environment() -> WhatsAppBusinessAccount | None:
    if not (settings.WHATSAPP_BUSINESS_ACCOUNT_ID and settings.WHATSAPP_ACCESS_TOKEN):
        return None
    with transaction.atomic():
        account, created = WhatsAppBusinessAccount.objects.get_or_create(
            waba_id=settings.WHATSAPP_BUSINESS_ACCOUNT_ID,
            defaults={
                "access_token": settings.WHATSAPP_ACCESS_TOKEN,
                "app_id": settings.WHATSAPP_APP_ID,
                "app_secrets": "\n".join(settings.WHATSAPP_APP_SECRETS),
                "webhook_verify_token": settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN,
            },
        )
        if created and settings.WHATSAPP_PHONE_NUMBER_ID:
            # Meta tells the number itself at the first sync.
            PhoneNumber.objects.get_or_create(
                phone_number_id=settings.WHATSAPP_PHONE_NUMBER_ID,
                defaults={"account": account, "is_default": True},
            )
    if created:
        log.info("WhatsApp account taken from the environment", waba_id=account.waba_id)
    return account
