"""The platform's staff look at a bakery's pages as the bakery sees them: read-only, for half an hour, and on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from tenants.audit import record_event
from tenants.models import Tenant

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

LASTS = timedelta(minutes=30)
_KEPT_AS = "viewing"


@dataclass(frozen=True, slots=True)
class Viewing:
    tenant_id: str
    slug: str
    name: str
    until: datetime

    @property
    def is_over(self) -> bool:
        return self.until <= timezone.now()


def start(session: SessionBase, tenant: Tenant) -> Viewing:
    end(session)
    now = timezone.now()
    viewing = Viewing(str(tenant.pk), tenant.slug, tenant.name, now + LASTS)
    session[_KEPT_AS] = {
        "tenant_id": viewing.tenant_id,
        "slug": viewing.slug,
        "name": viewing.name,
        "until": viewing.until.isoformat(),
    }
    record_event(tenant, looks_from=now, looks_until=viewing.until)
    return viewing


def current(session: SessionBase) -> Viewing | None:
    """Return what is looked at, also when its time is over."""
    kept: dict[str, Any] | None = session.get(_KEPT_AS)
    if kept is None:
        return None
    return Viewing(**{**kept, "until": datetime.fromisoformat(kept["until"])})


def end(session: SessionBase) -> Viewing | None:
    """Stop looking; return what was looked at. Harmless when nothing was."""
    viewing = current(session)
    session.pop(_KEPT_AS, None)
    if viewing is None:
        return None
    if not viewing.is_over and (tenant := Tenant.objects.filter(pk=viewing.tenant_id).first()):
        record_event(tenant, looked_until=timezone.now())
    return viewing
