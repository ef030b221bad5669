"""When an accepted message may go out, and what it waits for until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from messaging.models import WaitsFor
from messaging.services.caps import reached_cap
from messaging.services.quiet_hours import end_of_quiet_hours
from tenants.models import Tenant

# Days and months looked at for room under the caps; by then a message has usually expired.
_LOOK_AHEAD = 9


@dataclass(frozen=True, slots=True)
class Schedule:
    """`waits_for` is "" for a message that may go out at once. One that is due after `expires_at` will expire."""

    send_after: datetime
    expires_at: datetime
    waits_for: str = ""


def schedule(tenant: Tenant, *, now: datetime, lifetime: timedelta, is_urgent: bool) -> Schedule:
    """Return when a message that is accepted now may go out. Urgent ones break the quiet hours, never a cap."""
    expires_at = now + lifetime
    moment, waits_for = now, ""
    for _step in range(_LOOK_AHEAD):
        quiet_end = None if is_urgent else end_of_quiet_hours(tenant, moment)
        if quiet_end is not None:
            # A cap that led into the quiet hours stays the reason.
            moment, waits_for = quiet_end, waits_for or WaitsFor.QUIET_HOURS
        if moment >= expires_at:
            break
        cap = reached_cap(tenant, moment, now=now)
        if cap is None:
            break
        moment, waits_for = cap.until, cap.waits_for
    return Schedule(moment, expires_at, waits_for)
