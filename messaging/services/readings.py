"""Whether Meta can be read: an alert while it cannot, so that every screen says since when its data stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from messaging.graph_api.catalogue import is_credential_error
from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind
from messaging.services import refused_token
from messaging.services.alerts import close_alerts, open_alert
from tenants.models import WhatsAppBusinessAccount


@dataclass(frozen=True, slots=True)
class Unread:
    """Meta could not be read since then; what is shown stands `at`, None when it was never read.

    `code` is Meta's, None when it did not answer. `is_token_refused` where the account stands for it: nothing is sent then.
    """

    since: datetime
    at: datetime | None
    code: int | None
    is_token_refused: bool = False


@contextmanager
def watched(kind: AlertKind, *, waba_id: str) -> Iterator[None]:
    """Read from Meta inside: a failure opens the alert of this kind and is raised on, a success closes it.

    A token that is refused has the account's alert where that is open, and none of this kind.
    """
    try:
        yield
    except GraphApiError as error:
        if is_credential_error(error.code) and refused_token.standing_alert():
            close_alerts(kind, subject=waba_id)
        else:
            open_alert(kind, subject=waba_id, code=error.code)
        raise
    close_alerts(kind, subject=waba_id)


def unread_since(kind: AlertKind, *, at: datetime | None) -> Unread | None:
    """Return since when what was read `at` cannot be read any more; None while it can."""
    found = _unread(kind)
    return _standing_as_of(found, at) if found else None


def unread_numbers() -> Unread | None:
    """Return since when the numbers cannot be read; None while they can. Two queries, one while all is well."""
    found = _unread(AlertKind.NUMBERS_UNREAD)
    if found is None:
        return None
    read_at = WhatsAppBusinessAccount.objects.order_by("id").values_list(
        "numbers_synced_at", flat=True
    )
    return _standing_as_of(found, read_at.first())


def _unread(kind: AlertKind) -> Unread | None:
    kinds = (kind, AlertKind.ACCOUNT_STOPPED)
    alerts = list(Alert.objects.open().filter(kind__in=kinds).order_by("opened_at"))
    for alert in alerts:
        if alert.kind == kind:
            return Unread(alert.opened_at, None, alert.code)
    for alert in alerts:
        if is_credential_error(alert.code):
            return Unread(alert.opened_at, None, alert.code, is_token_refused=True)
    return None


def _standing_as_of(found: Unread, at: datetime | None) -> Unread | None:
    # Read since the account stopped: what was refused was one message.
    if found.is_token_refused and at is not None and at > found.since:
        return None
    return replace(found, at=at)
