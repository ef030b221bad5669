"""What an address asks for, read kindly: what makes no sense is as if it were not there."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import HttpRequest

from messaging.months import Month, NoMonthError
from messaging.services.overview import Group
from tenants.sealing import seal, unseal

# Asks in the place of a group for the tests, which are in none.
TESTS = "test"


def search_in(request: HttpRequest) -> str:
    """Return what the address searches for; a number stands sealed in it."""
    return unseal(request.GET.get("q", "")).strip()


def moved_search(request: HttpRequest) -> str | None:
    """Return the address that a search has to go to: what was posted, and a number that stands in the open.

    None where the request is at its place already.
    """
    asked = request.POST.get("q", "") if request.method == "POST" else request.GET.get("q", "")
    sealed = seal(asked.replace("\x00", ""))
    if request.method != "POST" and sealed == asked:
        return None
    return address_with(request, q=sealed or None, after=None, before=None)


def uuid_in(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def group_in(name: str) -> Group | None:
    return Group(name) if name in set(Group) else None


def month_in(text: str) -> Month | None:
    try:
        return Month.parse(text)
    except NoMonthError:
        return None


def address_with(request: HttpRequest, **changes: object) -> str:
    """Return this page's address with other parameters; None takes one away."""
    asked = {**request.GET.dict(), **changes}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return f"{request.path}?{query}" if query else request.path
