"""What keeps a bakery's messages from going out, beside its own switch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from messaging.models import Alert, AlertKind, Message, WaitsFor
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.caps import (
    MonthUse,
    day_full_since,
    month_full_since,
    month_use,
    reached_cap,
)
from tenants.models import PhoneNumber, Tenant
from tenants.services.routing import sender_for

# Meta lets a number send only while CONNECTED; in these it needs a person's help, in PENDING and the like just time
# (Business phone numbers, field "status", read 2026-11-20).
UNUSABLE_STATUSES = frozenset({"BANNED", "RESTRICTED", "DISCONNECTED", "MIGRATED", "DELETED"})


class ObstacleKind(StrEnum):
    PLATFORM_OFF = "platform_off"
    SUSPENDED = "suspended"
    NO_NUMBER = "no_number"
    STOPPED = "stopped"
    PAUSED = "paused"
    NUMBER_STOPPED = "number_stopped"
    NUMBER_UNUSABLE = "number_unusable"
    WHATSAPP_LIMIT = "whatsapp_limit"
    MONTHLY_LIMIT = "monthly_limit"
    DAILY_LIMIT = "daily_limit"


_FORBID_SWITCHING_ON = frozenset(
    {
        ObstacleKind.PLATFORM_OFF,
        ObstacleKind.SUSPENDED,
        ObstacleKind.NO_NUMBER,
        ObstacleKind.STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`until` is None while nobody knows the end; `reason` is what the platform's staff wrote.

    `since` is None only for what began before this was kept. `tries_at` is when what waits is tried again.
    """

    kind: ObstacleKind
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    tries_at: datetime | None = None

    @property
    def forbids_switching_on(self) -> bool:
        return self.kind in _FORBID_SWITCHING_ON


@dataclass(frozen=True, slots=True)
class Standing:
    """The number that sends for a bakery, with its account, all that stands in the way, and what is left of its limit."""

    sender: PhoneNumber | None
    obstacles: list[Obstacle]
    month_use: MonthUse | None = None

    @property
    def is_shared_sender(self) -> bool:
        return self.sender is not None and self.sender.is_default

    @property
    def obstacle_to_switching_on(self) -> Obstacle | None:
        return next((found for found in self.obstacles if found.forbids_switching_on), None)


def standing_of(tenant: Tenant) -> Standing:
    sender, use = sender_for(tenant), month_use(tenant)
    obstacles = [*obstacles_for(tenant, sender=sender), *_reached_limits(tenant, use)]
    return Standing(sender, obstacles, use)


def obstacles_for(tenant: Tenant, *, sender: PhoneNumber | None) -> list[Obstacle]:
    """Return all that stands in the way, the widest first; empty when messages go out.

    `sender` comes from `sender_for` with its account.
    """
    found: list[Obstacle] = []
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        found.append(Obstacle(ObstacleKind.PLATFORM_OFF, since=_server_off_since()))
    if tenant.is_suspended:
        found.append(
            Obstacle(
                ObstacleKind.SUSPENDED,
                since=tenant.suspended_at,
                until=tenant.suspended_until,
                reason=tenant.suspension_reason,
            )
        )
    if sender is None:
        found.append(Obstacle(ObstacleKind.NO_NUMBER, since=_without_number_since(tenant)))
    else:
        found.extend(_obstacles_of_sender(sender))
    return found


def watch_server_switch() -> None:
    """Keep since when the environment forbids sending, which the environment itself cannot say. The sweep asks."""
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        open_alert(AlertKind.SENDING_OFF)
    elif _server_off_since() is not None:
        close_alerts(AlertKind.SENDING_OFF)


def _server_off_since() -> datetime | None:
    standing = Alert.objects.open().filter(kind=AlertKind.SENDING_OFF)
    return standing.values_list("opened_at", flat=True).first()


def _without_number_since(tenant: Tenant) -> datetime:
    """A bakery is without a number since it lost its own, or has been from the beginning."""
    lost = tenant.assignments.aggregate(at=Max("ended_at"))["at"]
    return lost or tenant.created_at


def _reached_limits(tenant: Tenant, use: MonthUse | None) -> list[Obstacle]:
    found: list[Obstacle] = []
    held_up = Message.objects.of(tenant).queued().filter(waits_for=WaitsFor.PORTFOLIO_LIMIT)
    times = held_up.aggregate(since=Min("created_at"), tries_at=Min("send_after"))
    if times["since"] is not None:
        found.append(Obstacle(ObstacleKind.WHATSAPP_LIMIT, **times))
    if use is not None and use.is_full:
        found.append(
            Obstacle(
                ObstacleKind.MONTHLY_LIMIT, since=month_full_since(tenant, use), until=use.until
            )
        )
    elif tenant.daily_cap is not None:
        now = timezone.now()
        reached = reached_cap(tenant, now, now=now)
        if reached is not None:
            since = day_full_since(tenant, tenant.daily_cap, until=reached.until)
            found.append(Obstacle(ObstacleKind.DAILY_LIMIT, since=since, until=reached.until))
    return found


def _obstacles_of_sender(sender: PhoneNumber) -> list[Obstacle]:
    account = sender.account
    if account.sending_stopped_at is not None:
        stopped = Obstacle(
            ObstacleKind.STOPPED,
            since=account.sending_stopped_at,
            until=account.sending_stopped_until,
        )
        return [stopped]
    if account.sending_paused_at is not None:
        return [Obstacle(ObstacleKind.PAUSED, since=account.sending_paused_at)]
    if sender.sending_stopped_at is not None:
        return [Obstacle(ObstacleKind.NUMBER_STOPPED, since=sender.sending_stopped_at)]
    if sender.status in UNUSABLE_STATUSES:
        return [Obstacle(ObstacleKind.NUMBER_UNUSABLE, since=sender.status_read_at)]
    return []
