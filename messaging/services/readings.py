"""Whether Meta can be read: an alert while it cannot, so that every screen says since when its data stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind
from messaging.services.alerts import close_alerts, open_alert
from tenants.models import WhatsAppBusinessAccount


@dataclass(frozen=True, slots=True)
class Unread:
    """Meta could not be read since then; what is shown stands `at`, None when it was never read.

    `code` is Meta's, None when it did not answer.
    """

    since: datetime
    at: datetime | None
    code: int | None


@contextmanager
def watched(kind: AlertKind, *, waba_id: str) -> Iterator[None]:
    """Read from Meta inside: a failure opens the alert of this kind and is raised on, a success closes it."""
    try:
        yield
    except GraphApiError as error:
        open_alert(kind, subject=waba_id, code=error.code)
        raise
    close_alerts(kind, subject=waba_id)


def unread_since(kind: AlertKind, *, at: datetime | None) -> Unread | None:
    """Return since when what was read `at` cannot be read any more; None while it can."""
    standing = Alert.objects.open().filter(kind=kind).order_by("opened_at").first()
    return Unread(standing.opened_at, at, standing.code) if standing else None


def unread_numbers() -> Unread | None:
    """Return since when the numbers cannot be read; None while they can. Two queries, one while all is well."""
    found = unread_since(AlertKind.NUMBERS_UNREAD, at=None)
    if found is None:
        return None
    read_at = WhatsAppBusinessAccount.objects.order_by("id").values_list(
        "numbers_synced_at", flat=True
    )
    return Unread(found.since, read_at.first(), found.code)
