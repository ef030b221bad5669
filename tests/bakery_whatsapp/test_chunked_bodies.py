from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from bakery_whatsapp.chunked_bodies import with_length
from messaging import demo
from messaging.graph_api.signature import sign
from messaging.models import WebhookDelivery
from messaging.webhooks import webhook
from tests.factories import AccountFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

MEGABYTE = 1024 * 1024


class Pieces(BytesIO):
    """A server's input that gives out less than it is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 1000) if size and size > 0 else size)


def post(raw, *, ends=True):
    """Post a signed webhook in chunks, as a server hands it over; return the answer's status."""
    AccountFactory()
    environ = RequestFactory().post("/api/v1/whatsapp/webhook").environ
    del environ["CONTENT_LENGTH"]
    environ |= {
        "wsgi.input": Pieces(raw),
        "wsgi.input_terminated": ends,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "HTTP_X_HUB_SIGNATURE_256": sign(raw, demo.APP_SECRET),
    }
    statuses = []

    def application(environ, start_response):
        statuses.append(webhook(WSGIRequest(environ)).status_code)
        return []

    unused: Any = None
    with_length(application)(environ, unused)
    return statuses[0]


def test_a_webhook_in_chunks_is_stored_like_any_other():
    raw = b'{"object": "whatsapp_business_account", "pad": "%s"}' % (b"x" * 5000)
    assert post(raw) == 200
    assert bytes(WebhookDelivery.objects.get().body) == raw


@pytest.mark.parametrize(("size", "status"), [(3 * MEGABYTE, 200), (3 * MEGABYTE + 1, 413)])
def test_chunks_are_held_to_the_same_limit(size, status):
    assert post(b"x" * size) == status


def test_an_input_without_an_end_is_not_waited_for():
    assert post(b"{}", ends=False) == 403
    assert not WebhookDelivery.objects.exists()
