"""Searches whose words stay out of addresses: who looks for a person's number must not write it into logs and histories.

What was typed is posted; the address of the list that answers holds it sealed, so that paging, filters and "back" work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.views import ChangeList

from tenants.fields import fernet

if TYPE_CHECKING:
    from django.db.models import QuerySet

_SEALED = "sealed:"
# So many digits make up a number or tell most of it.
_DIGITS = re.compile(r"(?:\d[^\w]*){6}")
LONGEST = 200


def seal(term: str) -> str:
    """Return what may stand in an address: words as they are, whatever could be a number encrypted."""
    term = term.strip()[:LONGEST]
    if term.startswith(_SEALED) or not _DIGITS.search(term):
        return term
    return _SEALED + fernet().encrypt(term.replace("\x00", "").encode()).decode()


def unseal(term: str) -> str:
    """Return what was searched for; nothing that anybody could have typed where the seal is broken."""
    if not term.startswith(_SEALED):
        return term
    try:
        return fernet().decrypt(term.removeprefix(_SEALED).encode()).decode()
    except InvalidToken:
        return ""


class SealedChangeList(ChangeList):  # type: ignore[misc]  # unfold ships no types
    seals_search = True

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        self.query: str = unseal(self.query)
        found: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return found


class SealedSearch:
    """A list whose search box posts. An address that came with a number in it is exchanged for a sealed one."""

    # What says on which page one is: a new search begins at the first.
    place_parameters: tuple[str, ...] = (PAGE_VAR,)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SealedChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        is_posted = request.method == "POST" and SEARCH_VAR in request.POST
        sought = (request.POST if is_posted else request.GET).get(SEARCH_VAR, "")
        sealed = seal(sought)
        if is_posted or sealed != sought.strip():
            others = request.GET.copy()
            for name in (SEARCH_VAR, *self.place_parameters):
                others.pop(name, None)
            if sealed:
                others[SEARCH_VAR] = sealed
            return HttpResponseRedirect(f"{request.path}?{others.urlencode()}")
        answer: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]  # mixin
        return answer
