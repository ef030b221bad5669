"""The search box on every page of the admin: it leads to the message itself, or to the list of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from messaging.admin import searching
from messaging.models import Message
from messaging.services import ways
from tenants.display import list_url, page_url
from tenants.sealing import LONGEST, seal

if TYPE_CHECKING:
    from messaging.admin.message import MessageAdmin


def find_page(admin: MessageAdmin, request: HttpRequest) -> HttpResponse:
    """Posted, so that no number gets into an address. GET shows the box and says what it takes."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    term = request.POST.get("term", "").replace("\x00", "").strip()[:LONGEST]
    if request.method != "POST" or not term:
        context = {
            **admin.admin_site.each_context(request),
            "opts": admin.opts,
            "title": _("Find a message"),
        }
        return TemplateResponse(request, "admin/messaging/message/find.html", context)
    ids, code = _first_two(term), searching.error_code(term)
    # A code of Meta's is looked for as a number too; where both are found the list offers both.
    if code is not None and not ids:
        return HttpResponseRedirect(list_url("messaging_message", code=code))
    if len(ids) == 1 and code is None:
        return HttpResponseRedirect(page_url("messaging_message", ids[0]))
    return HttpResponseRedirect(list_url("messaging_message", q=seal(term)))


def _first_two(term: str) -> list[Any]:
    """Return the ids of the newest two that are found, none when that takes long: the list then looks through parts."""
    newest = Message.objects.newest_first()
    found = searching.find(newest, term).values_list("pk", flat=True)
    last = newest.values_list("pk", flat=True)[ways.SAMPLED : ways.SAMPLED + 1].first()
    sample = None if last is None else found.filter(pk__gt=last)
    return ways.first_rows(found, sample, count=2) or []
