"""Searches whose words stay out of addresses: who looks for a person's number must not write it into logs and histories.

What was typed is posted; the address of the list that answers holds it sealed, so that paging, filters and "back" work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.views import ChangeList

from tenants.sealing import seal, unseal

if TYPE_CHECKING:
    from django.db.models import QuerySet


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
