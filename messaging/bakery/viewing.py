"""Whoever of the platform's staff opens a bakery's page looks as a guest: asked first, told on every page, read-only.

One middleware for all addresses below /bakery/, so that a new page obeys without doing anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from messaging.bakery.posting import takes_form_of
from tenants.models import Membership, Tenant
from tenants.services import viewing

_BELOW = "/bakery/"
_READS = ("GET", "HEAD", "OPTIONS")


class StaffOnlyLook:
    """Sets `request.viewing` where a page is looked at, for the banner of templates/base.html."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        slug = kwargs.get("slug")
        if not slug or not request.path_info.startswith(_BELOW):
            return None
        user = request.user
        if not (user.is_authenticated and user.is_staff):
            return None
        if Membership.objects.filter(user=user, tenant__slug=slug).exists():
            return None  # their own bakery
        return self._look(request, slug)

    def _look(self, request: HttpRequest, slug: str) -> HttpResponse | None:
        looked_at = viewing.current(request.session)
        if request.method not in _READS:
            raise PermissionDenied(
                _("You only look at this bakery. What is to be changed, its people change.")
            )
        if looked_at is not None and looked_at.slug == slug and not looked_at.is_over:
            request.viewing = looked_at  # type: ignore[attr-defined]  # read by the template
            return None
        tenant = get_object_or_404(Tenant, slug=slug)
        if looked_at is not None and looked_at.slug == slug:
            viewing.end(request.session)
            messages.info(request, _("Your look at the bakery's pages ended after 30 minutes."))
        return redirect("admin:tenants_tenant_view_as", tenant.pk)


@takes_form_of("home")
def end_view(request: HttpRequest) -> HttpResponse:
    looked_at = viewing.end(request.session)
    if looked_at is None:
        return redirect("home")
    return redirect("admin:tenants_tenant_change", looked_at.tenant_id)
