"""A person's own log-in, for bakeries' people and the platform's staff alike: second factor, devices, password."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateformat import time_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery.account_forms import SecondFactorForm
from messaging.bakery.clock import tell_times_for
from messaging.bakery.pages import user_of
from messaging.bakery.posting import takes_form_of
from tenants.models import User
from tenants.services import log_ins, second_factors

# Where bakery_whatsapp/second_factor_gate.py looks whether the code was given.
_SESSION_KEY, _GIVEN = "second_factor", "given"


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    log_ins.follow(request.session)
    factor = second_factors.second_factor_of(user)
    context = {
        "factor": factor,
        "codes_left": len(factor.recovery_digests) if factor else 0,
        "is_required": _is_required(user),
        "log_ins": log_ins.log_ins_of(user),
        "session_key": request.session.session_key,
    }
    return render(request, "registration/security.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code after the password."""
    user = _person(request)
    if not second_factors.has_second_factor(user):
        return redirect("home")
    form = SecondFactorForm(request.POST or None)
    if request.method == "POST" and _passes(form, partial(second_factors.check, user)):
        request.session[_SESSION_KEY] = _GIVEN
        return redirect(_next(request))
    return render(
        request, "registration/second_factor_code.html", {"form": form, "next": _next(request)}
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    if second_factors.has_second_factor(user):
        return redirect("security")
    form = SecondFactorForm(request.POST or None)
    if request.method == "POST":
        codes = _passes(form, partial(second_factors.confirm, user))
        if codes:
            request.session[_SESSION_KEY] = _GIVEN
            return _codes_page(request, codes)
    setup = second_factors.begin(user)
    context = {
        "form": form,
        "next": _next(request),
        "typed": setup.typed,
        "picture": _picture(setup.uri),
        "is_required": _is_required(user),
    }
    return render(request, "registration/second_factor_setup.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def renew_codes(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    if not second_factors.has_second_factor(user):
        return redirect("security")
    form = SecondFactorForm(request.POST or None)
    if request.method == "POST":
        codes = _passes(form, partial(second_factors.renew_codes, user))
        if codes:
            return _codes_page(request, codes)
    return render(request, "registration/second_factor_renew.html", {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def switch_off(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    if not second_factors.has_second_factor(user):
        return redirect("security")
    if _is_required(user):
        raise PermissionDenied(_("The platform asks for it, so it cannot be switched off."))
    form = SecondFactorForm(request.POST or None)
    if request.method == "POST" and _passes(form, partial(second_factors.switch_off, user)):
        request.session.pop(_SESSION_KEY, None)
        messages.success(request, _("From now on your password alone lets you in."))
        return redirect("security")
    return render(request, "registration/second_factor_off.html", {"form": form})


@takes_form_of("security", at="devices")
def end_log_in(request: HttpRequest, pk: int) -> HttpResponse:
    if log_ins.end(_person(request), pk):
        messages.success(request, _("That device is logged out."))
    else:
        messages.info(request, _("That device was logged out before."))
    return redirect("security")


@takes_form_of("security", at="devices")
def end_other_log_ins(request: HttpRequest) -> HttpResponse:
    count = log_ins.end_all(_person(request), but=request.session.session_key)
    text = ngettext(
        "%(count)d other device is logged out.", "%(count)d other devices are logged out.", count
    )
    messages.success(request, text % {"count": count})
    return redirect("security")


class ChangePasswordView(auth_views.PasswordChangeView):
    """Django's, which logs out all other devices; the line of this one goes on."""

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        log_ins.follow(self.request.session)
        return answer


def _person(request: HttpRequest) -> User:
    """Who is logged in; their times are those of their bakery."""
    user = user_of(request)
    tell_times_for(user)
    return user


def _passes(form: SecondFactorForm, use: Callable[[str], list[str] | None]) -> list[str]:
    """Use the code; return what that gave, or nothing when it is refused and the form says why.

    Where using a code gives nothing of its own, the code itself is returned.
    """
    if not form.is_valid():
        return []
    given: str = form.cleaned_data["code"]
    try:
        return use(given) or [given]
    except second_factors.WrongCodeError:
        why = _("This code is not right. Take the one your app shows now; each works once.")
    except second_factors.LockedError as error:
        until = time_format(timezone.localtime(error.until), "H:i")
        why = _("Too many wrong codes. Try again from %(time)s on.") % {"time": until}
    form.add_error("code", why)
    return []


def _codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show the codes in this very answer: a message or a redirect would have to store them."""
    others = [
        row
        for row in log_ins.log_ins_of(user_of(request))
        if row.session_key != request.session.session_key
    ]
    context = {"codes": codes, "next": _next(request), "others": len(others)}
    return render(request, "registration/recovery_codes.html", context)


def _is_required(user: User) -> bool:
    return bool(user.is_staff and settings.STAFF_SECOND_FACTOR)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"


def _picture(uri: str) -> SafeString:
    """Draw the QR code as an SVG inside the page: nothing is loaded from anywhere."""
    drawn = segno.make(uri, error="m").svg_inline(
        scale=5, border=4, light="#fff", svgclass="qr", lineclass=None, omitsize=False
    )
    return mark_safe(drawn)  # noqa: S308 (drawn here; the text is in its squares only)
