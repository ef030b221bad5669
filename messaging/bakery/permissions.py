"""Who of a bakery may do what: its people do the daily work, its owners decide.

Daily work: see and download everything, send again, cancel what waits, mark as done, add and correct suppliers. What cannot
be undone, opens something to others or touches many at once is the owner's: settings, people, imports, erasing, personal
data, links to proofs. The people page says the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _

from messaging.bakery.pages import Visit
from messaging.services.switching import NotOwnerError

_View = Callable[..., HttpResponse]


def require_member(visit: Visit) -> None:
    """Refuse the platform's staff, who look at a bakery's pages and have the admin to act in."""
    if visit.role is None:
        raise PermissionDenied(_("Only people of the bakery may do this."))


def require_owner(visit: Visit) -> None:
    if not visit.is_owner:
        raise _only_owners()


def for_the_owner(view: _View) -> _View:
    """Tell everybody else whom to ask, where the service that the view calls refuses them."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except NotOwnerError:
            raise _only_owners() from None

    return checked


def _only_owners() -> PermissionDenied:
    return PermissionDenied(_("Only the owner of the bakery may do this. Ask them to do it."))
