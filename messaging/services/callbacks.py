"""Registering callbacks, changing them, and telling them something again."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging import queues
from messaging.models import (
    AlertKind,
    Callback,
    CallbackDelivery,
    CallbackEvent,
    DeliveryStatus,
    DisabledReason,
)
from messaging.services import alerts, callback_events, callback_recording
from messaging.services.callback_events import TRIED_FOR
from messaging.services.callback_targets import checked
from tenants.models import Tenant

log = structlog.get_logger(__name__)

MOST = 10
SECRET_KEPT = timedelta(hours=24)
_SECRET_BYTES = 32
_PREFIX = "whsec_"


class TooManyCallbacksError(ValueError):
    """The bakery, or the platform itself, has all the callbacks it may have."""


class CallbackDisabledError(ValueError):
    """Something is to be told to a callback that is switched off."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """`secret` is shown now and never again."""

    callback: Callback
    secret: str


def new_secret() -> str:
    """Return a secret as Standard Webhooks writes it: 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def register(
    *, tenant: Tenant | None, url: str, events: Sequence[CallbackEvent], by: str
) -> NewSecret:
    """Tell this address what happens to a bakery's messages, without `tenant` to everybody's.

    Raises RefusedAddressError, TooManyCallbacksError.
    """
    checked(url)
    refuse_too_many(tenant)
    secret = new_secret()
    callback = Callback.objects.create(
        tenant=tenant, url=url, events=_in_order(events), secret=secret, created_by=by[:200]
    )
    log.info("Callback registered", callback_id=callback.pk, tenant_id=callback.tenant_id)
    return NewSecret(callback, secret)


def refuse_too_many(tenant: Tenant | None) -> None:
    """Raise TooManyCallbacksError where no more callback may be added."""
    if Callback.objects.filter(tenant=tenant).count() >= MOST:
        raise TooManyCallbacksError(
            _("There are %(count)d callbacks already. Delete one first.") % {"count": MOST}
        )


def change(
    callback: Callback,
    *,
    url: str | None = None,
    events: Sequence[CallbackEvent] | None = None,
    enabled: bool | None = None,
) -> None:
    """Change what is given. All or nothing. Raises RefusedAddressError."""
    if url is not None and url != callback.url:
        checked(url)
    with transaction.atomic():
        locked = Callback.objects.select_for_update(no_key=True).get(pk=callback.pk)
        if url is not None and url != locked.url:
            # What the old address did says nothing of the new one.
            locked.url = url
            callback_recording.recover(locked)
        if events is not None:
            locked.events = _in_order(events)
        locked.save(update_fields=["url", "events", *callback_recording.HEALTH])
        if enabled is not None:
            _switch(locked, enabled)
    callback.refresh_from_db()


def enable(callback: Callback) -> None:
    """Tell it again what happens from now on, and what still waited for it. Harmless when it is enabled."""
    change(callback, enabled=True)


def disable(callback: Callback) -> None:
    """Tell it nothing more. What waits is kept for a day. Harmless when it is switched off."""
    change(callback, enabled=False)


def _switch(callback: Callback, on: bool) -> None:
    if on == callback.is_enabled:
        return
    if not on:
        callback_recording.switch_off(callback, DisabledReason.BY_HAND)
        log.info("Callback switched off by hand", callback_id=callback.pk)
        return
    callback.disabled_at, callback.disabled_reason = None, ""
    callback_recording.recover(callback)
    callback.save(update_fields=["disabled_at", "disabled_reason", *callback_recording.HEALTH])
    alerts.close_alerts(AlertKind.CALLBACK_DISABLED, subject=str(callback))
    log.info("Callback switched on", callback_id=callback.pk)
    queues.wake_callbacks()


def rotate_secret(callback: Callback) -> NewSecret:
    """Give it a new secret. For a day it gets both signatures, so that its owner can change over in peace."""
    with transaction.atomic():
        locked = Callback.objects.select_for_update(no_key=True).get(pk=callback.pk)
        locked.previous_secret, locked.secret = locked.secret, new_secret()
        locked.previous_secret_until = timezone.now() + SECRET_KEPT
        locked.save(update_fields=["previous_secret", "previous_secret_until", "secret"])
    log.info("Callback secret replaced", callback_id=callback.pk)
    return NewSecret(locked, locked.secret)


def remove(callback: Callback) -> None:
    """Delete a callback and its log."""
    subject, pk = str(callback), callback.pk
    with transaction.atomic():
        # Locked first, as by whoever records how its posts ended.
        Callback.objects.select_for_update().get(pk=pk).delete()
        alerts.close_alerts(AlertKind.CALLBACK_DISABLED, subject=subject)
    log.info("Callback deleted", callback_id=pk)


def send_ping(callback: Callback) -> CallbackDelivery:
    """Have it told that it is there, now. Raises CallbackDisabledError."""
    _refuse_disabled(callback)
    with transaction.atomic():
        _end_rest([callback.pk])
        return callback_events.ping(callback)


def redeliver(delivery: CallbackDelivery) -> None:
    """Tell it once more, under the same id, whatever became of it before. Raises CallbackDisabledError."""
    _refuse_disabled(delivery.callback)
    redeliver_all(CallbackDelivery.objects.filter(pk=delivery.pk))
    delivery.refresh_from_db()


def redeliver_all(deliveries: QuerySet[CallbackDelivery]) -> int:
    """Tell all these once more; return how many. Those of a callback that is switched off are left."""
    now = timezone.now()
    ids = list(deliveries.filter(callback__disabled_at__isnull=True).values_list("pk", flat=True))
    again = CallbackDelivery.objects.filter(pk__in=ids)
    with transaction.atomic():
        _end_rest(list(again.order_by().values_list("callback_id", flat=True).distinct()))
        count = again.update(
            status=DeliveryStatus.WAITING,
            attempts=0,
            next_attempt_at=now,
            gives_up_at=now + TRIED_FOR,
            delivered_at=None,
        )
        queues.wake_callbacks()
    return count


def _end_rest(callback_ids: Sequence[uuid.UUID]) -> None:
    """Somebody is watching: a resting callback is tried at once."""
    resting = Callback.objects.filter(pk__in=callback_ids, retry_at__isnull=False)
    resting.update(retry_at=None)


def _refuse_disabled(callback: Callback) -> None:
    if not callback.is_enabled:
        raise CallbackDisabledError(_("The callback is switched off. Switch it on first."))


def _in_order(events: Sequence[CallbackEvent]) -> list[str]:
    wanted = {str(event) for event in events}
    return [event.value for event in CallbackEvent if event.value in wanted]
