"""Nothing opens between the password and the second factor but the page that asks for it.

Known from the session alone, so that no request pays a query. Pages without a log-in, the API and the webhook pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tenants.models import User
from tenants.services.second_factors import has_second_factor

SESSION_KEY = "second_factor"
ASKED, GIVEN = "asked", "given"
_OPEN = {
    "second_factor_code",
    "second_factor_setup",
    "logout",
    "admin:logout",
    "admin:jsi18n",
}


def ask_after_log_in() -> None:
    """Called once the apps are loaded."""
    user_logged_in.connect(_ask, dispatch_uid="ask_for_second_factor")


def _ask(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    request.session.pop(SESSION_KEY, None)
    if has_second_factor(user):
        request.session[SESSION_KEY] = ASKED


class SecondFactorGate:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return None
        state = request.session.get(SESSION_KEY)
        is_needed = request.user.is_staff and settings.STAFF_SECOND_FACTOR
        if state == GIVEN or not (state == ASKED or is_needed):
            return None
        if request.resolver_match and request.resolver_match.view_name in _OPEN:
            return None
        page = "second_factor_code" if state == ASKED else "second_factor_setup"
        if page == "second_factor_setup" and has_second_factor(request.user):
            page = "second_factor_code"
        target = redirect(page)
        if request.method == "GET":
            target["Location"] += f"?{urlencode({'next': request.get_full_path()})}"
        return target
