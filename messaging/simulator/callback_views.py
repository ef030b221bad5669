"""The page of the caller's own system, and the address that it gives as its callback."""

from __future__ import annotations

from django.contrib import messages as flash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from messaging.simulator import callbacks as inbox
from messaging.simulator import store
from messaging.simulator.phone_views import simulator_page

_ANSWERS = (200, 404, 410, 429, 500)


@simulator_page
@require_safe
def callbacks(request: HttpRequest) -> HttpResponse:
    known = inbox.secrets()
    context = {
        "page": "callbacks",
        "url": request.build_absolute_uri(reverse("simulator:receive_callback")),
        "api_url": request.build_absolute_uri(reverse("api:callbacks")),
        "answers": _ANSWERS,
        "secrets": [f"{secret[:12]}…" for secret in known],
        "posts": [
            {"post": post, "is_right": inbox.is_right(post, known), "type": post.body.get("type")}
            for post in inbox.newest()
        ],
    }
    return render(request, "messaging/simulator/callbacks.html", context)


@simulator_page
@require_POST
def secret(request: HttpRequest) -> HttpResponse:
    try:
        inbox.add_secret(request.POST.get("secret", "").strip())
    except inbox.NoSecretError:
        flash.warning(request, _("A secret begins with whsec_. Copy the whole of it."))
    else:
        flash.success(
            request, _("Saved. Signatures are checked with it, also of what came before.")
        )
    return redirect("simulator:callbacks")


@simulator_page
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    inbox.forget()
    return redirect("simulator:callbacks")


@csrf_exempt
@login_not_required
@require_POST
def receive(request: HttpRequest, status: int = 200) -> HttpResponse:
    """Take what a callback is told and answer with the status in the address."""
    if not 200 <= status <= 599:
        status = 200
    try:
        inbox.keep(request.headers, request.body, answer=status)
    except store.SimulatorUnavailableError:
        return HttpResponse("Redis is away.", status=503, content_type="text/plain")
    return HttpResponse("Thank you.", status=status, content_type="text/plain")
