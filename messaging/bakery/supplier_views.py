"""The pages of a bakery's suppliers: the list, one of them, entering, importing, handing out and erasing."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery import personal_csv, supplier_words, words
from messaging.bakery.asked import address_with, moved_search, search_in, uuid_in
from messaging.bakery.pages import Visit, render_page, visit_of
from messaging.bakery.permissions import require_member, require_owner
from messaging.bakery.record_forms import RecipientForm
from messaging.csv_files import csv_answer
from messaging.models import Recipient
from messaging.services import erasing, personal_data, recipients
from messaging.services.recipients import NumberTakenError
from tenants.phone_numbers import formatted


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def supplier_list(request: HttpRequest, slug: str) -> HttpResponse:
    """POST searches and leads to an address of its own, in which no number can be read."""
    visit = visit_of(request, slug)
    if elsewhere := moved_search(request):
        return redirect(elsewhere)
    term = search_in(request)
    after = uuid_in(request.GET.get("after", ""))
    page = recipients.page_of(visit.tenant, user=visit.user, search=term, after=after)
    context = {
        "lines": [
            supplier_words.line_for(
                row.recipient, blocked=page.blocked, last_arrived_at=row.last_arrived_at
            )
            for row in page.listed
        ],
        "term": term,
        "is_continued": after is not None,
        "next_url": address_with(request, after=page.next_after) if page.next_after else "",
        "erasures": erasing.erasures_of(visit.tenant, user=visit.user) if visit.is_owner else [],
    }
    return render_page(request, visit, "messaging/bakery/suppliers.html", context)


@never_cache
@require_safe
def supplier_page(request: HttpRequest, slug: str, recipient_id: uuid.UUID) -> HttpResponse:
    visit = visit_of(request, slug)
    portrait = recipients.portrait_of(_recipient(visit, recipient_id), user=visit.user)
    # The heading says it of the number of now; of a former one its notices do.
    phone = portrait.recipient.phone
    of_others = {other: asked for other, asked in portrait.blocked.items() if other != phone}
    context = {
        "line": supplier_words.line_for(portrait.recipient, blocked=portrait.blocked),
        "consent_story": supplier_words.consent_story(portrait.recipient),
        "stopped_at": portrait.stopped_at,
        "lines": words.lines_for(portrait.messages, blocked=of_others),
    }
    return render_page(request, visit, "messaging/bakery/supplier.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_supplier(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    require_member(visit)
    form = RecipientForm(request.POST or None)
    if form.is_valid():
        try:
            recipient = recipients.add(visit.tenant, form.details, by=visit.user)
        except NumberTakenError as taken:
            form.add_error("phone", _taken(taken))
        else:
            messages.success(request, _("The supplier is on the list."))
            return redirect("bakery_supplier", slug=slug, recipient_id=recipient.pk)
    context = {"form": form}
    return render_page(request, visit, "messaging/bakery/supplier_form.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def correct_supplier(request: HttpRequest, slug: str, recipient_id: uuid.UUID) -> HttpResponse:
    visit = visit_of(request, slug)
    require_member(visit)
    recipient = _recipient(visit, recipient_id)
    form = RecipientForm(request.POST or None, initial=_as_entered(recipient))
    if form.is_valid():
        try:
            recipients.correct(recipient, form.details, by=visit.user)
        except NumberTakenError as taken:
            form.add_error("phone", _taken(taken))
        else:
            messages.success(request, _("Saved."))
            return redirect("bakery_supplier", slug=slug, recipient_id=recipient_id)
    context = {"form": form, "recipient": recipient}
    return render_page(request, visit, "messaging/bakery/supplier_form.html", context)


@never_cache
@require_safe
def export_supplier(
    request: HttpRequest, slug: str, recipient_id: uuid.UUID, form: str
) -> HttpResponseBase:
    """Hand out all that the bakery holds of a person: JSON for machines, CSV for people."""
    visit = visit_of(request, slug)
    require_owner(visit)
    data = personal_data.data_of(_recipient(visit, recipient_id), by=visit.user)
    # Without the person's name or number, which would stay in the list of downloads.
    name = _("personal-data")
    if form == "csv":
        rows, zone = personal_csv.rows(data), ZoneInfo(visit.tenant.time_zone)
        return csv_answer(rows, name=f"{name}.csv", zone=zone)
    return JsonResponse(
        personal_data.as_json(data),
        json_dumps_params={"ensure_ascii": False, "indent": 2},
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erase_supplier(request: HttpRequest, slug: str, recipient_id: uuid.UUID) -> HttpResponse:
    """GET asks, POST erases. Whoever presses twice finds the person gone."""
    visit = visit_of(request, slug)
    require_owner(visit)
    recipient = _recipient(visit, recipient_id)
    if request.method == "POST":
        try:
            erasing.erase(recipient, by=visit.user)
        except erasing.BeingSentError:
            messages.error(
                request, _("A notice to them is going out at this moment. Try again in a minute.")
            )
        else:
            messages.success(request, _("The person is erased."))
            return redirect("bakery_suppliers", slug=slug)
    context = {
        "line": supplier_words.line_for(recipient, blocked={}),
    }
    return render_page(request, visit, "messaging/bakery/supplier_erase.html", context)


def _recipient(visit: Visit, recipient_id: uuid.UUID) -> Recipient:
    mine = Recipient.objects.visible_to(visit.user).of(visit.tenant)
    return get_object_or_404(mine.select_related("tenant", "last_message"), pk=recipient_id)


def _as_entered(recipient: Recipient) -> dict[str, Any]:
    entered = ("name", "email", "consent_how", "consent_date", "note")
    return {name: getattr(recipient, name) for name in entered} | {
        "phone": formatted(recipient.phone)
    }


def _taken(error: NumberTakenError) -> str:
    name = error.recipient.name or formatted(error.recipient.phone)
    return _("This number belongs to %(name)s already.") % {"name": name}
