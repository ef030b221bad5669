"""Meta's limit of recipients a day, shared by all bakeries of the account.

A business portfolio may write first to so many different people within any 24 hours, over all its numbers; who wrote to
the number within the last 24 hours does not count (Messaging limits, read 2026-11-22). What happens beyond is
unpublished, so we stay below it ourselves, with some headroom.

Each bakery's guaranteed part is kept free for it, and the last part for urgent messages. A person whom any bakery reached
within the 24 hours costs nothing more. What is over waits in the queue until somebody leaves the count, or expires.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import redis
import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from messaging import queues
from messaging.models import Alert, AlertKind, InboundMessage, Message, Priority, WaitsFor
from messaging.models.message import first_id_at
from messaging.services import recording
from messaging.services.alerts import close_alerts, open_alert
from messaging.services.reach import Figures, Reach, Reached, Room, Wish
from messaging.services.service_window import OPENS_NO_WINDOW
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, Tenant, WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

# A new portfolio's limit; assumed while Meta has told none.
LOWEST_LIMIT = 250
# Tried again this soon at the latest, for the limit may grow and guarantees change.
LONGEST_WAIT = timedelta(minutes=5)
_WITHOUT_REDIS = timedelta(seconds=5)
_WINDOW = timedelta(hours=24)
# Not to the last second: the message still has to reach Meta.
_SURELY_OPEN = _WINDOW - timedelta(minutes=1)
# How long a message may wait between its request and its acceptance.
_LONGEST_LIFE = timedelta(days=7)
_PACE_HOURS = 3
_FORECAST_STEP = timedelta(minutes=15)
_FORECAST_STEPS = 96
_CHECK_EVERY_S = 60

_TIER = re.compile(r"(?:TIER_)?(\d{1,9})(K|M)?", re.IGNORECASE)
_FACTOR = {"": 1, "K": 1000, "M": 1_000_000}
UNLIMITED = "TIER_UNLIMITED"


@dataclass(frozen=True, slots=True)
class Usage:
    """The limit as screens show it. `limit` is Meta's, `usable` what we use of it; both None when there is no limit.

    Without a limit nobody is counted. `forecast_at`: when `usable` is reached at the pace of the last hours.
    """

    limit: int | None
    usable: int | None
    used: int
    per_tenant: dict[uuid.UUID, int]
    forecast_at: datetime | None


class Gate:
    """Lets the messages of one number through as far as the account's limit allows. For one worker's turn."""

    def __init__(self, number: PhoneNumber) -> None:
        self.number = number
        self._reach = Reach(number.account)
        self._is_read = False
        self._room: Room | None = None

    @property
    def room(self) -> Room | None:
        if not self._is_read:
            self._room, self._is_read = room_of(self.number.account), True
        return self._room

    def admit(self, messages: list[Message]) -> list[Message]:
        """Return the messages that may go; the others go back to the queue with the reason."""
        if not messages or self.room is None:
            return messages
        answered = _with_open_window(self.number, messages)
        asking = [message for message in messages if message.recipient_phone not in answered]
        if not asking:
            return messages
        refused = self._refused(asking, self.room)
        return [message for message in messages if message.pk not in refused]

    def release(self, messages: Sequence[Message]) -> None:
        """Take back from the count who was not reached after all."""
        if not messages or self.room is None:
            return
        try:
            self._reach.release([_wish(message) for message in messages])
        except redis.RedisError as error:
            log.warning("Redis did not answer", error=type(error).__name__)

    def _refused(self, messages: list[Message], room: Room) -> set[uuid.UUID]:
        wishes = [_wish(message) for message in messages]
        try:
            answer = self._reach.counted(
                lambda: self._reach.admit(wishes, room),
                load_from=lambda: reached_lately(self.number.account),
            )
        except redis.RedisError as error:
            # Nobody can say how many were reached, so nobody is written to.
            log.warning("Redis did not answer", error=type(error).__name__)
            _hand_back(messages, wait=_WITHOUT_REDIS, waits_for="")
            return {message.pk for message in messages}
        later = [
            message
            for message, is_admitted in zip(messages, answer.admitted, strict=True)
            if not is_admitted
        ]
        if later:
            wait = timedelta(seconds=max(answer.oldest_leaves_in_s, 1.0))
            _hand_back(later, wait=min(wait, LONGEST_WAIT), waits_for=WaitsFor.PORTFOLIO_LIMIT)
            open_alert(AlertKind.PORTFOLIO_LIMIT, subject=self.number.account.waba_id)
        return {message.pk for message in later}


def limit_of(account: WhatsAppBusinessAccount) -> int | None:
    """Return Meta's limit as it was last told for any of the account's numbers; None when there is none."""
    told = account.phone_numbers.exclude(messaging_limit="")
    return limit_told(told.only("messaging_limit", "last_synced_at"))


def limit_told(numbers: Iterable[PhoneNumber]) -> int | None:
    """As `limit_of`, of an account's numbers that have been read already."""
    never = datetime.min.replace(tzinfo=UTC)
    latest_first = sorted(
        numbers, key=lambda number: (number.last_synced_at or never, -number.pk), reverse=True
    )
    for number in latest_first:
        words = number.messaging_limit
        if words.upper() == UNLIMITED:
            return None
        found = _TIER.fullmatch(words)
        if found and int(found[1]):
            return int(found[1]) * _FACTOR[(found[2] or "").upper()]
    return LOWEST_LIMIT


def room_of(account: WhatsAppBusinessAccount) -> Room | None:
    """Return what of the limit may be used, and by whom; None when there is no limit."""
    limit = limit_of(account)
    return None if limit is None else _room_within(limit, _with_guarantee())


def _with_guarantee() -> QuerySet[Tenant]:
    columns = ("guaranteed_recipients", "whatsapp_enabled", "suspended_until")
    return Tenant.objects.filter(guaranteed_recipients__gt=0).only(*columns)


def _room_within(limit: int, tenants: Iterable[Tenant]) -> Room:
    usable = max(1, int(limit * (1 - settings.WHATSAPP_LIMIT_HEADROOM)))
    return Room(
        usable=usable,
        urgent_part=int(usable * settings.WHATSAPP_URGENT_RESERVE),
        guarantees={
            tenant.pk: tenant.guaranteed_recipients
            for tenant in tenants
            if tenant.guaranteed_recipients and tenant.whatsapp_enabled and not tenant.is_suspended
        },
    )


def usage(account: WhatsAppBusinessAccount) -> Usage | None:
    """Return how much of the limit is used; None when Redis does not answer."""
    return usage_of(account, numbers=account.phone_numbers.all(), tenants=_with_guarantee())


def usage_of(
    account: WhatsAppBusinessAccount, *, numbers: Iterable[PhoneNumber], tenants: Iterable[Tenant]
) -> Usage | None:
    """As `usage`, of an account's numbers and the bakeries that have been read already."""
    limit = limit_told(numbers)
    if limit is None:
        return Usage(None, None, 0, {}, None)
    room, reach = _room_within(limit, tenants), Reach(account)
    try:
        figures = reach.counted(reach.figures, load_from=lambda: reached_lately(account))
        forecast_at = _forecast(reach, figures, room)
    except redis.RedisError as error:
        log.warning("Redis did not answer", error=type(error).__name__)
        return None
    return Usage(limit, room.usable, figures.total, figures.per_tenant, forecast_at)


def close_mended_alerts() -> None:
    """Close the alert once there is room again and nobody waits for it. The sweep asks, at most once a minute."""
    alerts = Alert.objects.open().filter(kind=AlertKind.PORTFOLIO_LIMIT)
    subjects = list(alerts.values_list("subject", flat=True))
    if not subjects or not queues.is_first_within(_CHECK_EVERY_S, AlertKind.PORTFOLIO_LIMIT):
        return
    for account in WhatsAppBusinessAccount.objects.filter(waba_id__in=subjects):
        if not _is_short(account):
            close_alerts(AlertKind.PORTFOLIO_LIMIT, subject=account.waba_id)


def reached_lately(account: WhatsAppBusinessAccount) -> Iterator[Reached]:
    """Yield whom the account's messages reached, or may have, within 24 hours outside their own open windows."""
    now = timezone.now()
    moment = Coalesce("accepted_at", "sent_at", "unconfirmed_at", "claimed_at")
    waits = timedelta(hours=settings.WHATSAPP_MESSAGE_TTL_HOURS)
    rows = (
        # The range of ids keeps this off the older millions.
        Message.objects.filter(id__gte=first_id_at(now - _WINDOW - _LONGEST_LIFE - waits))
        .filter(phone_number__account=account)
        .annotate(moment=moment)
        .filter(moment__gt=now - _WINDOW)
        .exclude(Exists(_opening(OuterRef("phone_number"), OuterRef("recipient_phone"))))
        .order_by("id")
    )
    for pk, tenant_id, recipient, status, at in rows.values_list(
        "pk", "tenant_id", "recipient_phone", "status", "moment"
    ).iterator():
        yield Reached(recipient, tenant_id, pk, at, is_claimed=status == MessageStatus.SENDING)


def _opening(number: OuterRef, sender: OuterRef) -> QuerySet[InboundMessage]:
    """What somebody wrote within the 24 hours before the message of the outer query."""
    return InboundMessage.objects.filter(
        phone_number=number,
        sender_phone=sender,
        received_at__gt=OuterRef("moment") - _WINDOW,
        received_at__lte=OuterRef("moment"),
    ).exclude(kind__in=OPENS_NO_WINDOW)


def _with_open_window(number: PhoneNumber, messages: Sequence[Message]) -> set[str]:
    """Return the recipients who wrote to the number lately: what we answer them does not count."""
    wrote = InboundMessage.objects.filter(
        phone_number=number,
        sender_phone__in={message.recipient_phone for message in messages},
        received_at__gt=timezone.now() - _SURELY_OPEN,
    ).exclude(kind__in=OPENS_NO_WINDOW)
    return set(wrote.values_list("sender_phone", flat=True))


def _wish(message: Message) -> Wish:
    return Wish(
        message.recipient_phone,
        message.tenant_id,
        message.pk,
        is_urgent=message.priority >= Priority.URGENT,
    )


def _hand_back(messages: Sequence[Message], *, wait: timedelta, waits_for: str) -> None:
    until = timezone.now() + wait
    recording.hand_back(messages, until=[until] * len(messages), waits_for=waits_for)


def _is_short(account: WhatsAppBusinessAccount) -> bool:
    room = room_of(account)
    if room is None:
        return False
    waiting = Message.objects.queued().filter(
        phone_number__account=account, waits_for=WaitsFor.PORTFOLIO_LIMIT
    )
    if waiting.exists():
        return True
    now = usage(account)
    return now is None or now.used >= room.usable - room.urgent_part


def _forecast(reach: Reach, figures: Figures, room: Room) -> datetime | None:
    """Return when the usable part is used up, if as many new people come as lately and the old ones leave in time."""
    if figures.total >= room.usable:
        return figures.at
    hour = int(figures.at.timestamp()) // 3600
    new = sum(figures.fresh.get(hour - back, 0) for back in range(_PACE_HOURS))
    if not new:
        return None
    begun = (figures.at.timestamp() % 3600) / 3600
    pace = new / (_PACE_HOURS - 1 + begun)
    steps = range(1, _FORECAST_STEPS + 1)
    moments = [figures.at + step * _FORECAST_STEP for step in steps]
    for moment, left in zip(moments, reach.left_by(moments), strict=True):
        hours = (moment - figures.at) / timedelta(hours=1)
        if figures.total - left + pace * hours >= room.usable:
            return moment
    return None
