"""The bakery's own switch: WhatsApp notices on or off, from the next message on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging.models import Message
from messaging.services import sending
from messaging.services.obstacles import Obstacle, standing_of
from tenants.models import Membership, SettingChange, Tenant, User
from tenants.services.setting_changes import note, on_or_off

log = structlog.get_logger(__name__)


class WaitingMessages(StrEnum):
    """What becomes of messages that wait when the bakery switches off."""

    SEND = "send"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """How many waiting messages were cancelled, and how many still go out."""

    cancelled: int
    still_waiting: int


class NotOwnerError(Exception):
    """Only an owner of the bakery changes its settings."""


class CannotSwitchOnError(Exception):
    """Something that the bakery cannot mend stands in the way."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(f"cannot switch on: {obstacle.kind}")
        self.obstacle = obstacle


class MessagesWaitingError(Exception):
    """Messages wait: ask whether they are to be sent or cancelled. Nothing has changed yet."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} messages wait")
        self.count = count


def may_switch(user: User, tenant: Tenant) -> bool:
    """True for the bakery's owners. The platform's staff have the admin and leave this one to the bakery."""
    return tenant.memberships.filter(user=user, role=Membership.Role.OWNER).exists()


def waiting_count(tenant: Tenant) -> int:
    """Return how many messages switching off would have to ask about."""
    return Message.objects.of(tenant).queued().count()


def switch_on(tenant: Tenant, *, by: User) -> bool:
    """Return False when it was on already. Raises NotOwnerError and CannotSwitchOnError."""
    require_owner(by, tenant)
    obstacle = standing_of(tenant).obstacle_to_switching_on
    if obstacle is not None:
        raise CannotSwitchOnError(obstacle)
    with transaction.atomic():
        switched = _switch(tenant, on=True, by=by)
    if switched:
        log.info("WhatsApp notices switched on", tenant_id=tenant.pk, user_id=by.pk)
    return switched


def switch_off(tenant: Tenant, *, by: User, waiting: WaitingMessages | None = None) -> SwitchedOff:
    """Switch off, and cancel what waits where that is wanted, also when it was off already: "send" can be taken back.

    Raises NotOwnerError, and MessagesWaitingError without a choice.
    """
    require_owner(by, tenant)
    with transaction.atomic():
        locked = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        queued = Message.objects.of(tenant).queued()
        if locked.whatsapp_enabled and waiting is None and (count := queued.count()):
            raise MessagesWaitingError(count)
        is_change = _switch(tenant, on=False, by=by)
        cancelled = _cancel_all(queued) if waiting is WaitingMessages.CANCEL else 0
        left = queued.count()
        if is_change or cancelled:
            _note_waiting(tenant, cancelled=cancelled, left=left, by=by)
    if is_change or cancelled:
        log.info(
            "WhatsApp notices switched off", tenant_id=tenant.pk, user_id=by.pk, cancelled=cancelled
        )
    return SwitchedOff(cancelled, left)


def _note_waiting(tenant: Tenant, *, cancelled: int, left: int, by: User) -> None:
    """Keep what became of what waited: whoever asks later reads it beside the switch."""
    for count, choice in ((cancelled, WaitingMessages.CANCEL), (left, WaitingMessages.SEND)):
        if count:
            what = SettingChange.What.WAITING
            note(tenant, what, before=str(count), after=choice.value, by=by)


def _cancel_all(queued: QuerySet[Message]) -> int:
    # One call cancels a batch; the switch is off by now, so the queue only gets shorter.
    total = 0
    while cancelled := sending.cancel(queued):
        total += cancelled
    return total


def _switch(tenant: Tenant, *, on: bool, by: User) -> bool:
    row = Tenant.objects.filter(pk=tenant.pk).exclude(whatsapp_enabled=on)
    switched = row.update(whatsapp_enabled=on, updated_at=timezone.now()) > 0
    if switched:
        before, after = on_or_off(not on), on_or_off(on)
        note(tenant, SettingChange.What.SWITCH, before=before, after=after, by=by)
    return switched


def require_owner(user: User, tenant: Tenant) -> None:
    """Raise NotOwnerError for everybody but the bakery's owners."""
    if not may_switch(user, tenant):
        raise NotOwnerError
