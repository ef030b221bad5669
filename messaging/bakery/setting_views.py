"""The owner's settings beyond the switch: which notices, when, how many, and the phone that tests go to."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import for_the_owner, require_owner
from messaging.bakery.posting import takes_form_of
from messaging.bakery.setting_forms import (
    CodeForm,
    MonthlyLimitForm,
    OnOffForm,
    OwnPhoneForm,
    QuietHoursForm,
)
from messaging.bakery.setting_words import change_line
from messaging.bakery.views import render_settings
from messaging.models import NoticeKind
from messaging.services import bakery_settings, own_phones, weekly_summary
from messaging.services.refusal_words import words_of_refusal
from messaging.services.refused import RefusedError
from tenants.phone_numbers import masked

_HISTORY = 100
_TEST_ERRORS = (own_phones.NothingToSendError, own_phones.TooManyTestsError, RefusedError)


@never_cache
@takes_form_of("bakery_settings", at="what")
@for_the_owner
def choose_notice(request: HttpRequest, slug: str, kind_id: int) -> HttpResponse:
    visit, form = visit_of(request, slug), OnOffForm(request.POST)
    kind = get_object_or_404(NoticeKind, pk=kind_id)
    if not form.is_valid():
        raise BadRequest("Not a form of ours.")
    bakery_settings.choose_notice(visit.tenant, kind, is_on=form.wants_on, by=visit.user)
    return _saved(request, visit, "what")


@never_cache
@takes_form_of("bakery_settings", at="when")
@for_the_owner
def quiet_hours(request: HttpRequest, slug: str) -> HttpResponse:
    visit, form = visit_of(request, slug), QuietHoursForm(request.POST)
    if not form.is_valid():
        return _once_more(request, visit, quiet_form=form)
    start, until = form.cleaned_data["start"], form.cleaned_data["until"]
    bakery_settings.set_quiet_hours(visit.tenant, start=start, until=until, by=visit.user)
    return _saved(request, visit, "when")


@never_cache
@takes_form_of("bakery_settings", at="how-much")
@for_the_owner
def monthly_limit(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    form = MonthlyLimitForm(request.POST, cap=visit.tenant.monthly_cap)
    if not form.is_valid():
        return _once_more(request, visit, limit_form=form)
    try:
        bakery_settings.set_monthly_limit(visit.tenant, form.cleaned_data["limit"], by=visit.user)
    except bakery_settings.LimitTooHighError:
        form.add_error("limit", _("The platform allows less than that."))
        return _once_more(request, visit, limit_form=form)
    return _saved(request, visit, "how-much")


@never_cache
@takes_form_of("bakery_settings", at="weekly")
@for_the_owner
def choose_weekly_summary(request: HttpRequest, slug: str) -> HttpResponse:
    visit, form = visit_of(request, slug), OnOffForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Not a form of ours.")
    weekly_summary.choose(visit.user, visit.tenant, is_on=form.wants_on)
    messages.success(request, _("Saved. It counts for the next Monday."))
    return _back_to(visit, "weekly")


@never_cache
@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    changes = bakery_settings.changes_of(visit.tenant, user=visit.user, at_most=_HISTORY)
    context = {"changes": [change_line(change) for change in changes]}
    return render_page(request, visit, "messaging/bakery/history.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_the_owner
def own_phone(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows the number and what is to be done; POST writes a code to a number.

    Who is an owner no more still sees a number of theirs that we have, and has it forgotten.
    """
    visit = visit_of(request, slug)
    if request.method != "POST":
        return _own_phone_page(request, visit)
    form = OwnPhoneForm(request.POST)
    if not form.is_valid():
        return _own_phone_page(request, visit, phone_form=form)
    try:
        own_phones.ask_code(visit.tenant, visit.user, phone=form.cleaned_data["phone"])
    except _TEST_ERRORS as error:
        form.add_error("phone", _why_not(error))
        return _own_phone_page(request, visit, phone_form=form)
    messages.success(request, _("We have written to your phone. Type the six digits here."))
    return redirect("bakery_own_phone", slug=slug)


@never_cache
@takes_form_of("bakery_own_phone")
@for_the_owner
def confirm_own_phone(request: HttpRequest, slug: str) -> HttpResponse:
    visit, form = visit_of(request, slug), CodeForm(request.POST)
    if not form.is_valid():
        return _own_phone_page(request, visit, code_form=form)
    try:
        own_phones.confirm(visit.user, code=form.cleaned_data["code"])
    except own_phones.WrongCodeError:
        form.add_error("code", _("This is not the code, or it is too old. Have a new one sent."))
        return _own_phone_page(request, visit, code_form=form)
    messages.success(request, _("The number is yours. Tests go to it from now on."))
    return redirect("bakery_settings", slug=slug)


@never_cache
@takes_form_of("bakery_own_phone")
def forget_own_phone(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    own_phones.forget(visit.user)
    messages.success(request, _("We have forgotten your number."))
    return redirect("bakery_own_phone" if visit.is_owner else "bakery_settings", slug=slug)


@never_cache
@takes_form_of("bakery_settings", at="what")
@for_the_owner
def send_test(request: HttpRequest, slug: str, kind_id: int) -> HttpResponse:
    visit = visit_of(request, slug)
    kind = get_object_or_404(NoticeKind, pk=kind_id)
    try:
        message = own_phones.send_test(visit.tenant, visit.user, kind)
    except own_phones.NotVerifiedError:
        messages.error(request, _("Tell us first which number is yours."))
        return redirect("bakery_own_phone", slug=slug)
    except _TEST_ERRORS as error:
        messages.error(request, _why_not(error))
        return _back_to(visit, "what")
    messages.success(request, _("The test is on its way to your phone."))
    return redirect("bakery_message", slug=slug, message_id=message.pk)


def _why_not(error: Exception) -> str:
    match error:
        case RefusedError():
            return words_of_refusal(error)
        case own_phones.TooManyTestsError():
            return _("That was a lot of tests. Wait a minute; after ten a day, until tomorrow.")
    return _("There is no text yet that could be sent. The platform is preparing it.")


def _own_phone_page(request: HttpRequest, visit: Visit, **bound: forms.Form) -> HttpResponse:
    own = own_phones.own_phone_of(visit.user)
    if not (visit.role and own and own.phone):
        require_owner(visit)
    context = {
        "own": own,
        "own_number": masked(own.phone) if own and own.phone else "",
        "phone_form": OwnPhoneForm(),
        "code_form": CodeForm(),
        **bound,
    }
    return render_page(request, visit, "messaging/bakery/own_phone.html", context)


def _once_more(request: HttpRequest, visit: Visit, **bound: forms.Form) -> HttpResponse:
    """Show the settings with what was typed and what is wrong with it. Others than the owner have no such forms."""
    require_owner(visit)
    return render_settings(request, visit, **bound)


def _saved(request: HttpRequest, visit: Visit, place: str) -> HttpResponse:
    messages.success(request, _("Saved. It counts for the next notice."))
    return _back_to(visit, place)


def _back_to(visit: Visit, place: str) -> HttpResponse:
    answer = redirect("bakery_settings", slug=visit.tenant.slug)
    answer["Location"] += f"#{place}"
    return answer
