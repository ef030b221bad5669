"""Whose clock a page tells its times by: the bakery's on its pages, on a person's own pages that of their bakery."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenants.models import Tenant, User


class ClockOfThePage:
    """What a view has set counts for its own answer only: the next request in this thread may be another bakery's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()


def tell_times_of(tenant: Tenant) -> None:
    timezone.activate(tenant.time_zone)


def tell_times_for(user: User) -> None:
    """Of somebody's bakeries the first by name; whoever has none, such as the platform's staff, reads the platform's."""
    bakery = Tenant.objects.filter(memberships__user=user).by_name().first()
    if bakery is not None:
        tell_times_of(bakery)
