"""Which number sends for a bakery."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant


def sender_for(tenant: Tenant) -> PhoneNumber | None:
    """Return the bakery's own number, else the default one, else None.

    Its account is not loaded along: that decrypts the tokens, which few callers need.
    """
    own = PhoneNumberAssignment.objects.open().filter(
        tenant=tenant, is_primary=True, phone_number=OuterRef("pk")
    )
    candidates = PhoneNumber.objects.alias(is_own=Exists(own)).filter(
        Q(is_own=True) | Q(is_default=True)
    )
    return candidates.order_by("-is_own", "id").first()
