"""What Meta answers about webhooks: where they go, and what became of those about one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from messaging.graph_api.masking import without_secrets
from messaging.graph_api.moments import moment_of
from messaging.graph_api.values import mapping, word

_DETAILS_LENGTH = 300


@dataclass(frozen=True, slots=True)
class WebhookConfiguration:
    """The addresses set for the app, the account and a number; the last that is set wins.

    Source: Webhooks, Overrides, 2026-11-22.
    """

    application: str
    account: str
    phone_number: str

    @classmethod
    def from_meta(cls, row: dict[str, Any]) -> WebhookConfiguration | None:
        told = row.get("webhook_configuration")
        if not isinstance(told, dict):
            return None
        account = word(told.get("whatsapp_business_account")) or ""
        number = word(told.get("phone_number")) or ""
        return cls(word(told.get("application")) or "", account, number)

    @property
    def in_force(self) -> str:
        return self.phone_number or self.account or self.application


@dataclass(frozen=True, slots=True)
class AppSubscription:
    """What the app itself gets, and where. Source: Graph API, App subscriptions, 2026-11-22."""

    object: str
    callback_url: str
    is_active: bool
    fields: tuple[str, ...]

    @classmethod
    def from_meta(cls, row: dict[str, Any]) -> AppSubscription:
        fields = row.get("fields")
        names = [
            word(field.get("name") if isinstance(field, dict) else field)
            for field in (fields if isinstance(fields, list) else [])
        ]
        return cls(
            object=word(row.get("object")) or "",
            callback_url=word(row.get("callback_url")) or "",
            is_active=row.get("active") is not False,
            fields=tuple(name for name in names if name),
        )


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """One status of one message as Meta keeps it. `status` is SENT, DELIVERED, READ, FAILED or DELETED.

    `webhook_state`: PENDING, DELIVERED, FAILED or RETRYING, empty when untold. `webhook_host` is where Meta posted to,
    without path and query. Source: Cloud API, message_history reference, 2026-11-22.
    """

    status: str
    at: datetime
    webhook_state: str
    webhook_host: str
    error: str

    @classmethod
    def from_meta(cls, row: object) -> DeliveryEvent | None:
        told = mapping(row)
        status, at = word(told.get("delivery_status")), moment_of(told.get("timestamp"))
        if status is None or at is None:
            return None
        uri = word(told.get("webhook_uri")) or ""
        return cls(
            status=status[:32].upper(),
            at=at,
            webhook_state=(word(told.get("webhook_update_state")) or "")[:32].upper(),
            webhook_host=uri.partition("://")[2].partition("/")[0][:200],
            error=without_secrets(word(told.get("error_description")) or "")[:_DETAILS_LENGTH],
        )


def delivery_events(rows: list[dict[str, Any]], *, wamid: str) -> list[DeliveryEvent]:
    """Return the readable events of the message among `rows`, oldest first."""
    found = []
    for row in rows:
        if row.get("message_id", wamid) != wamid:
            continue
        events = mapping(row.get("events")).get("data")
        if isinstance(events, list):
            found += [DeliveryEvent.from_meta(one) for one in events]
    return sorted((event for event in found if event), key=lambda event: event.at)
