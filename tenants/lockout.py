"""Too many wrong passwords for one name from one address: what is shown and logged. django-axes counts."""

from __future__ import annotations

from typing import Any

import structlog
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from axes.signals import user_locked_out
from axes.utils import reset
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tenants.addresses import client_address, network_of

log = structlog.get_logger(__name__)


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Answer instead of the log-in page, saying how long."""
    newest = (
        AccessAttempt.objects.filter(
            username=(credentials or {}).get("username"), ip_address=client_address(request) or None
        )
        .order_by("-attempt_time")
        .first()
    )
    cool_off = get_cool_off(request)
    until = (newest.attempt_time if newest else timezone.now()) + cool_off
    left_s = max(1, int((until - timezone.now()).total_seconds()))
    answer = render(
        request, "registration/locked_out.html", {"minutes": -(-left_s // 60)}, status=429
    )
    answer.headers["Retry-After"] = str(left_s)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def let_in_again(username: str) -> None:
    """Forget the wrong passwords for a name, from wherever they came."""
    reset(username=username)


def log_lock_outs() -> None:
    """Called once the apps are loaded."""
    user_locked_out.connect(_log, dispatch_uid="log_lock_outs")


def _log(ip_address: str | None = None, username: str | None = None, **kwargs: Any) -> None:
    # The name may be a mistyped password, so only its beginning is told.
    log.warning(
        "Log-in locked for a while",
        name=f"{(username or '')[:2]}…",
        network=network_of(ip_address or ""),
    )
