"""The search box on every page of the admin: it leads to the message itself, or to the list of what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from messaging.admin import searching
from messaging.models import Message
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
    found = searching.find(Message.objects.newest_first(), term)
    ids = list(found.values_list("pk", flat=True)[:2])
    # A code of Meta's is looked for as a number too; the list offers both.
    if len(ids) == 1 and searching.error_code(term) is None:
        return HttpResponseRedirect(page_url("messaging_message", ids[0]))
    return HttpResponseRedirect(list_url("messaging_message", q=seal(term)))
