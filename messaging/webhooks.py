"""Where Meta calls us: verification (GET) and signed deliveries (POST), stored at once and applied by a worker."""

from __future__ import annotations

import hmac

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from messaging.graph_api.signature import Signature, judge
from messaging.services import accounts, receiving
from messaging.services.refusals import count_refusal
from tenants.addresses import client_address

log = structlog.get_logger(__name__)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest) -> HttpResponse:
    """Meta repeats for seven days what is not answered 200 (Webhooks overview, read 2026-11-20)."""
    try:
        return _verify(request) if request.method == "GET" else _receive(request)
    except (DatabaseError, InterfaceError) as error:
        log.error("Webhook not stored, Meta will repeat it", error=type(error).__name__)
        return HttpResponse("Try again later.", status=503, content_type="text/plain")


def _verify(request: HttpRequest) -> HttpResponse:
    """Answer the bare challenge. The guide's manual test sends no `hub.mode`, so only a wrong one is refused."""
    token = accounts.webhook_verify_token()
    shown = request.GET.get("hub.verify_token", "")
    is_ours = bool(token) and hmac.compare_digest(shown.encode(), token.encode())
    if not is_ours or request.GET.get("hub.mode", "subscribe") != "subscribe":
        log.warning("Webhook verification refused")
        return HttpResponse(
            "The verify token or mode is wrong.", status=403, content_type="text/plain"
        )
    return HttpResponse(request.GET.get("hub.challenge", ""), content_type="text/plain")


def _receive(request: HttpRequest) -> HttpResponse:
    try:
        body = request.body
    except RequestDataTooBig:
        return HttpResponse("The body is larger than 3 MB.", status=413, content_type="text/plain")
    except UnreadablePostError:
        return HttpResponse("The body broke off.", status=400, content_type="text/plain")
    signature = _judged(body, request.headers.get("X-Hub-Signature-256"))
    if signature is not Signature.RIGHT:
        count_refusal(client_address(request), signature)
        return HttpResponse(
            f"The signature is {signature.value}.", status=403, content_type="text/plain"
        )
    receiving.store_delivery(body)
    return HttpResponse("OK", content_type="text/plain")


def _judged(body: bytes, header: str | None) -> Signature:
    """A signature that does not match may be made with a secret that was saved a moment ago."""
    signature = judge(body, header, accounts.webhook_secrets())
    if signature is Signature.WRONG:
        return judge(body, header, accounts.webhook_secrets(fresh=True))
    return signature
