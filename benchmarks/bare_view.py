"""What accepting is measured against: a bare Django view that reads JSON and does one INSERT of the same row.

No middleware, no key, no check, no event, no wake-up. Served by the same granian.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.bare_settings")

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone

application = get_wsgi_application()

from messaging.models import Message  # noqa: E402 (needs the application)

NUMBER, TEMPLATE = (int(part) for part in os.environ["BARE_VIEW_KEYS"].split(","))


def send(request: HttpRequest) -> JsonResponse:
    body = json.loads(request.body)
    message = Message.objects.create(
        tenant_id=body["tenant_id"],
        phone_number_id=NUMBER,
        template_id=TEMPLATE,
        recipient_phone=body["recipient_phone"],
        components=body["template"]["components"],
        expires_at=timezone.now() + timedelta(hours=24),
    )
    response = JsonResponse({"message_id": str(message.pk)}, status=202)
    response.headers["Content-Length"] = str(
        len(response.content)
    )  # as the product's middleware does
    return response


urlpatterns = [path("api/v1/whatsapp/send", send)]
