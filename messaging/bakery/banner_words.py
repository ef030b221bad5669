"""What stands above every page of a bakery: what keeps its notices from going out, and a limit that is near."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from messaging.money import number
from messaging.services.obstacles import Obstacle, ObstacleKind, Standing

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class Banner:
    """Why nothing goes out, or soon will not, who mends it, and what becomes of the messages. `reason` is the platform's.

    `is_open_ended` says that nobody knows the end yet.
    """

    title: StrPromise | str
    action: StrPromise | str
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    is_open_ended: bool = False
    tries_at: datetime | None = None


_OBSTACLES: dict[ObstacleKind, tuple[StrPromise, StrPromise]] = {
    ObstacleKind.PLATFORM_OFF: (
        _("WhatsApp notices are off for all bakeries."),
        _(
            "The platform has to turn them on again. You need to do nothing; for urgent orders call the supplier."
        ),
    ),
    ObstacleKind.SUSPENDED: (
        _("The platform has suspended your WhatsApp notices."),
        _("Talk to the platform to have them back. Meanwhile tell your suppliers yourself."),
    ),
    ObstacleKind.NO_NUMBER: (
        _("Your sending number is not ready yet."),
        _("The platform is preparing it. You need to do nothing; come back a little later."),
    ),
    ObstacleKind.STOPPED: (
        _("No notices are going out at the moment."),
        _(
            "The platform has to mend it. What waits will go out by itself; for urgent orders call the supplier."
        ),
    ),
    ObstacleKind.PAUSED: (
        _("The platform has paused the notices."),
        _("What waits will go out by itself when it goes on; for urgent orders call the supplier."),
    ),
    ObstacleKind.NUMBER_STOPPED: (
        _("The number that sends for you has stopped."),
        _(
            "The platform has to mend it. What waits will go out by itself; for urgent orders call the supplier."
        ),
    ),
    ObstacleKind.NUMBER_UNUSABLE: (
        _("The number that sends for you does not work at the moment."),
        _("The platform has to mend it. For urgent orders call the supplier."),
    ),
    ObstacleKind.WHATSAPP_LIMIT: (
        _("WhatsApp lets us write to no more new people for now."),
        _("What waits will go out by itself; for urgent orders call the supplier."),
    ),
    ObstacleKind.MONTHLY_LIMIT: (
        _("Your bakery's monthly limit of notices is reached."),
        _("What comes now waits for the next month; for urgent orders call the supplier."),
    ),
    ObstacleKind.DAILY_LIMIT: (
        _("Your bakery's daily limit of notices is reached."),
        _("What comes now waits for tomorrow; for urgent orders call the supplier."),
    ),
}


def banner_for(obstacle: Obstacle) -> Banner:
    title, action = _OBSTACLES[obstacle.kind]
    return Banner(
        title,
        action,
        obstacle.since,
        obstacle.until,
        obstacle.reason,
        is_open_ended=obstacle.until is None,
        tries_at=obstacle.tries_at,
    )


def banners_of(standing: Standing) -> list[Banner]:
    """Return what stands above every page: all that stops notices, and a limit that is near."""
    found = [banner_for(obstacle) for obstacle in standing.obstacles]
    use = standing.month_use
    if use is not None and use.is_near and not use.is_full:
        title = gettext("%(used)s of the %(limit)s notices of this month are used.") % {
            "used": number(use.used),
            "limit": number(use.limit),
        }
        found.append(
            Banner(title, gettext("At the limit what comes after waits for the next month."))
        )
    return found
