"""What a bakery's owner decides: which notices, when, and how many. Every change counts for the next message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

import structlog
from django.db import transaction

from messaging.models import MessageTemplate, NoticeChoice, NoticeKind
from messaging.services import rescheduling
from messaging.services.language_fallback import substitutes_for
from messaging.services.switching import require_owner
from tenants.models import PhoneNumber, SettingChange, Tenant, User
from tenants.services.setting_changes import note, note_differences, on_or_off

log = structlog.get_logger(__name__)


class LimitTooHighError(Exception):
    """The platform allows the bakery less."""

    def __init__(self, cap: int) -> None:
        super().__init__(f"at most {cap}")
        self.cap = cap


@dataclass(frozen=True, slots=True)
class OfferedNotice:
    """A kind of notice as one bakery has it. `template` is what would be sent; None where Meta allows none yet."""

    kind: NoticeKind
    is_on: bool
    template: MessageTemplate | None


def offered_notices(tenant: Tenant, *, sender: PhoneNumber | None) -> list[OfferedNotice]:
    """Return what the platform offers the bakery, in order; three queries."""
    chosen = dict(NoticeChoice.objects.of(tenant).values_list("kind_id", "is_on"))
    kinds = list(NoticeKind.objects.in_order())
    templates = _templates(tenant, sender, [kind.template_name for kind in kinds])
    return [
        OfferedNotice(
            kind, chosen.get(kind.pk, kind.is_on_by_default), templates.get(kind.template_name)
        )
        for kind in kinds
    ]


def changes_of(tenant: Tenant, *, user: User, at_most: int) -> list[SettingChange]:
    """Return what was changed last, the newest first."""
    changes = SettingChange.objects.visible_to(user).of(tenant).newest_first()
    return list(changes.select_related("changed_by")[:at_most])


def choose_notice(tenant: Tenant, kind: NoticeKind, *, is_on: bool, by: User) -> None:
    """Turn one kind of notice on or off. Raises NotOwnerError."""
    require_owner(by, tenant)
    with transaction.atomic():
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        choice = NoticeChoice.objects.of(tenant).filter(kind=kind).first()
        before = choice.is_on if choice else kind.is_on_by_default
        NoticeChoice.objects.update_or_create(tenant=tenant, kind=kind, defaults={"is_on": is_on})
        note(
            tenant, SettingChange.What.NOTICE, subject=kind.template_name,
            before=on_or_off(before), after=on_or_off(is_on), by=by,
        )  # fmt: skip


def set_quiet_hours(tenant: Tenant, *, start: time | None, until: time | None, by: User) -> None:
    """Set both ends or neither; what waits is planned anew. Raises NotOwnerError."""
    _change(tenant, by=by, quiet_from=start, quiet_until=until)


def set_monthly_limit(tenant: Tenant, limit: int | None, *, by: User) -> None:
    """Limit the bakery's messages a month; what waits is planned anew. Raises NotOwnerError and LimitTooHighError."""
    cap = tenant.monthly_cap
    if limit is not None and cap is not None and limit > cap:
        raise LimitTooHighError(cap)
    _change(tenant, by=by, own_monthly_limit=limit)


def _change(tenant: Tenant, *, by: User, **values: time | int | None) -> None:
    require_owner(by, tenant)
    with transaction.atomic():
        locked = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        before = Tenant.objects.get(pk=tenant.pk)
        for name, value in values.items():
            setattr(locked, name, value)
        locked.save(update_fields=[*values, "updated_at"])
        note_differences(before, locked, by=by)
        rescheduling.reschedule(locked)


def _templates(
    tenant: Tenant, sender: PhoneNumber | None, names: list[str]
) -> dict[str, MessageTemplate]:
    """Return the template of each name that goes out for this bakery: in its language, else in one that stands in."""
    if sender is None:
        return {}
    found: dict[str, MessageTemplate] = {}
    order = [tenant.language, *substitutes_for(tenant.language), "es"]
    sendable = MessageTemplate.objects.sendable().filter(account=sender.account_id, name__in=names)
    for template in sorted(
        sendable.by_name(),
        key=lambda one: order.index(one.language) if one.language in order else len(order),
    ):
        found.setdefault(template.name, template)
    return found
