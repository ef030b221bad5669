"""Meta's webhook goes straight to its view: it has no session, no language, no user, no page and no form.

The other middleware would cost as much as checking the signature and storing the body together.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property

from messaging.webhooks import webhook


class WebhookShortcut:
    """The first middleware: answers the webhook's address itself, passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    @cached_property
    def path(self) -> str:
        return reverse("whatsapp-webhook")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != self.path:
            return self.get_response(request)
        response = webhook(request)
        # As CommonMiddleware does; without it the connection would not be kept.
        response.headers["Content-Length"] = str(len(response.content))
        return response
