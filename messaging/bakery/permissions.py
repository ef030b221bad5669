"""Who of a bakery may do what: its people read, enter and resend; what cannot be undone or leaves the house is the owner's."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from messaging.bakery.pages import Visit


def require_member(visit: Visit) -> None:
    """Refuse the platform's staff, who look at a bakery's pages and have the admin to act in."""
    if visit.role is None:
        raise PermissionDenied(_("Only people of the bakery may do this."))


def require_owner(visit: Visit) -> None:
    if not visit.is_owner:
        raise PermissionDenied(_("Only the owner of the bakery may do this. Ask them to do it."))
