from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
import responses
from django.apps import apps
from django.db import connection, transaction

from messaging.graph_api.signature import sign
from messaging.models import Message, WebhookDelivery
from messaging.services import receiving
from tenants.models import PhoneNumber
from tests.messaging.callback_server import names, receiver
from tests.messaging.mail_servers import mail_server_fails

__all__ = ["mail_server_fails", "names", "receiver"]  # fixtures

GRAPH = "https://graph.facebook.com/v26.0"
T0 = 1795341600


@pytest.fixture
def first_kinds(db: None) -> None:
    """The kinds of notices that a migration brings; tests with transactions of their own empty the table."""
    import_module("messaging.migrations.0021_first_notice_kinds").offer(apps, None)
    import_module("messaging.migrations.0043_order_number_in_the_text").name_the_place(apps, None)


@pytest.fixture
def no_prices(db: None) -> None:
    """An empty price book. What a migration entered is there or not, depending on which tests ran before."""
    empty_price_book()


def empty_price_book() -> None:
    # By itself Django would read the book, and write a line of the log of changes for each price.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM messaging_pricerate")


class Meta:
    """Meta at the HTTP boundary: what it answers to a send, in its own JSON."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock

    def send_url(self, phone_number_id: str) -> str:
        return f"{GRAPH}/{phone_number_id}/messages"

    def accepts(
        self, message: Message, *, wamid: str = "wamid.A1", message_status: str = "accepted"
    ) -> responses.BaseResponse:
        digits = message.recipient_phone.removeprefix("+")
        return self.mock.post(
            self.send_url(message.phone_number.phone_number_id),
            json={
                "messaging_product": "whatsapp",
                "contacts": [{"input": message.recipient_phone, "wa_id": digits}],
                "messages": [{"id": wamid, "message_status": message_status}],
            },
        )

    def refuses(
        self, message: Message, *, code: int, status: int = 400, subcode: int | None = None
    ) -> responses.BaseResponse:
        error: dict[str, Any] = {
            "message": f"(#{code}) Something",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": "what Meta says of it"},
            "fbtrace_id": "AbCdEfGhIjK1234",
        }
        if subcode is not None:
            error["error_subcode"] = subcode
        return self.answers(message, status=status, body=json.dumps({"error": error}))

    def answers(
        self, message: Message, *, status: int = 200, body: str | Exception = ""
    ) -> responses.BaseResponse:
        return self.mock.post(
            self.send_url(message.phone_number.phone_number_id), status=status, body=body
        )


@pytest.fixture
def meta() -> Iterator[Meta]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Meta(mock)


def status_webhook(
    message: Message,
    status: str,
    *,
    at: int = 1795341600,
    wamid: str | None = None,
    callback: bool = True,
    **more: Any,
) -> dict[str, Any]:
    """A `messages` webhook with one status, as meta's reference shows it (read 2026-11-20)."""
    row = {
        "id": wamid or message.wamid or "wamid.A1",
        "status": status,
        "timestamp": str(at),
        "recipient_id": message.recipient_phone.removeprefix("+"),
        **({"biz_opaque_callback_data": str(message.pk)} if callback else {}),
        **more,
    }
    return messages_webhook(message.phone_number.phone_number_id, statuses=[row])


def messages_webhook(phone_number_id: str, **value: Any) -> dict[str, Any]:
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "987654321098765",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": "34612345678",
                                "phone_number_id": phone_number_id,
                            },
                            **value,
                        },
                    }
                ],
            }
        ],
    }


def inbound(
    number: PhoneNumber,
    said: str = "",
    *,
    sender: str | None = "34600000101",
    user_id: str | None = None,
    wamid: str = "wamid.IN1",
    at: int = T0,
    **more: Any,
) -> dict[str, Any]:
    """A `messages` webhook with one message to us, a text unless `more` says otherwise."""
    row = {"id": wamid, "timestamp": str(at), "type": "text"}
    row |= {"from": sender} if sender else {}
    row |= {"from_user_id": user_id} if user_id else {}
    content: dict[str, Any] = {} if "type" in more else {"text": {"body": said}}
    return messages_webhook(number.phone_number_id, messages=[row | content | more])


def preference(
    number: PhoneNumber,
    value: str,
    *,
    wa_id: str | None = "34600000101",
    user_id: str | None = None,
    category: str = "marketing_messages",
    at: int = T0,
) -> dict[str, Any]:
    """A `user_preferences` webhook, its time a number as Meta writes it there (read 2026-11-22)."""
    row = {"category": category, "value": value, "detail": "User said so", "timestamp": at}
    row |= {"wa_id": wa_id} if wa_id else {}
    row |= {"user_id": user_id} if user_id else {}
    payload = messages_webhook(number.phone_number_id, user_preferences=[row])
    payload["entry"][0]["changes"][0]["field"] = "user_preferences"
    return payload


def receive(*payloads: Any) -> None:
    """Store these deliveries and apply them."""
    for payload in payloads:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        receiving.store_delivery(raw)
    receiving.apply_waiting()


def verdicts() -> list[tuple[str, str]]:
    return [
        (verdict["what"], verdict["verdict"])
        for delivery in WebhookDelivery.objects.order_by("id")
        for verdict in delivery.verdicts
    ]


def failure(code: int) -> dict[str, Any]:
    return {
        "errors": [{"code": code, "title": "No", "message": "No", "error_data": {"details": "no"}}]
    }


def signed(payload: Any, secret: str) -> dict[str, Any]:
    """Arguments for Django's test client: the body and the header that Meta would send."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return {
        "data": raw,
        "content_type": "application/json",
        "headers": {"X-Hub-Signature-256": sign(raw, secret)},
    }


@contextlib.contextmanager
def in_other_hands(delivery: int) -> Iterator[None]:
    """Another connection holds the row of this stored webhook. For tests with `transaction=True`."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                WebhookDelivery.objects.select_for_update().get(pk=delivery)
                held.set()
                release.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        try:
            assert held.wait(30)
            yield
        finally:
            release.set()
        holding.result()
