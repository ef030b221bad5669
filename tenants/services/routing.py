"""Which number sends for a bakery."""

from __future__ import annotations

from tenants.models import PhoneNumber, Tenant


def sender_for(tenant: Tenant) -> PhoneNumber | None:
    """Return the bakery's own number, else the default one, else None."""
    own = (
        PhoneNumber.objects.filter(
            assignments__tenant=tenant,
            assignments__ended_at__isnull=True,
            assignments__is_primary=True,
        )
        .select_related("account")
        .first()
    )
    return own or PhoneNumber.objects.default().select_related("account").first()
