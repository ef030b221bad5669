"""What the webhook is measured against, served by the same granian without middleware.

`store`: checks the HMAC and does one INSERT of the same row. `get_save`: checks the HMAC and applies each status in the
request with `get()` and `save()`, as one writes it first: without a timeline, in any order that comes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.bare_webhook_settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

application = get_wsgi_application()

from messaging.models import Message, WebhookDelivery  # noqa: E402 (needs the application)

SECRET = settings.WHATSAPP_APP_SECRETS[0].encode()
TIMES = {"sent": "sent_at", "delivered": "delivered_at", "read": "read_at", "failed": "failed_at"}


def is_signed(request: HttpRequest) -> bool:
    digest = hmac.new(SECRET, request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={digest}", request.headers.get("X-Hub-Signature-256", ""))


def answer(status: int = 200) -> HttpResponse:
    response = HttpResponse("OK", status=status, content_type="text/plain")
    # As the product's middleware does.
    response.headers["Content-Length"] = str(len(response.content))
    return response


def store(request: HttpRequest) -> HttpResponse:
    if not is_signed(request):
        return answer(403)
    WebhookDelivery.objects.create(body=request.body, size=len(request.body))
    return answer()


def get_save(request: HttpRequest) -> HttpResponse:
    if not is_signed(request):
        return answer(403)
    for entry in json.loads(request.body)["entry"]:
        for change in entry["changes"]:
            for status in change["value"]["statuses"]:
                save_status(status)
    return answer()


def save_status(status: dict[str, str]) -> None:
    at = datetime.fromtimestamp(int(status["timestamp"]), UTC)
    message = Message.objects.get(wamid=status["id"])
    message.status = status["status"]
    setattr(message, TIMES[status["status"]], at)
    message.save()


urlpatterns = [path("api/v1/whatsapp/webhook", store), path("get-save", get_save)]
