"""When waiting messages go out after a bakery's quiet hours or limits have changed."""

from __future__ import annotations

from django.utils import timezone

from messaging import queues
from messaging.models import Message, Priority, WaitsFor
from messaging.services.scheduling import schedule
from tenants.models import Tenant

_WAIT_FOR_THE_BAKERY = (WaitsFor.QUIET_HOURS, WaitsFor.DAILY_CAP, WaitsFor.MONTHLY_CAP)
# The rest keeps its old time, which is late but safe.
_AT_MOST = 500


def reschedule(tenant: Tenant) -> int:
    """Plan the bakery's waiting messages anew, the oldest first, so that none passes another; return how many moved."""
    now, moved = timezone.now(), 0
    waiting = Message.objects.of(tenant).queued().filter(waits_for__in=_WAIT_FOR_THE_BAKERY)
    for message in waiting.select_for_update(skip_locked=True).order_by("id")[:_AT_MOST]:
        plan = schedule(
            tenant,
            now=now,
            lifetime=message.expires_at - now,
            is_urgent=message.priority >= Priority.URGENT,
        )
        if plan.send_after == message.send_after:
            continue
        moved += (
            Message.objects.queued()
            .filter(pk=message.pk)
            .update(send_after=plan.send_after, waits_for=plan.waits_for)
        )
        if not plan.waits_for:
            queues.wake_sender(message.phone_number_id)
    return moved
