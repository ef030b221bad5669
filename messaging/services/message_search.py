"""A bakery's notices, searched and leafed through: by order number or supplier, by state, by month; never by counting."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Q
from django.db.models.functions import Coalesce

from messaging.models import Message, MessageQuerySet, Recipient
from messaging.models.searching import OrderDigits, orders_like
from messaging.months import Month, begin_of
from messaging.services import recipients, trial, ways
from messaging.services.failures import AT_MOST, unresolved
from messaging.services.overview import STATUSES_OF, Group
from messaging.services.suppressions import blocked_phones
from tenants import phone_numbers
from tenants.models import Tenant, User

PAGE = 25
_SUPPLIERS_AT_MOST = 20
_UNDER_WAY = (
    Q(send_after__isnull=False) | Q(claimed_at__isnull=False) | Q(unconfirmed_at__isnull=False)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: `search` is an order number, its beginning or its digits, words of a supplier's name or a whole number."""

    search: str = ""
    group: Group | None = None
    only_trials: bool = False
    month: Month | None = None
    before: uuid.UUID | None = None

    @property
    def is_all(self) -> bool:
        return self == Wanted()


@dataclass(frozen=True, slots=True)
class Found:
    """`failed` are the latest that nobody has seen to, shown above all others; `next_before` continues the list."""

    messages: list[Message]
    blocked: dict[str, bool]
    next_before: uuid.UUID | None
    failed: list[Message] = field(default_factory=list)


def search(tenant: Tenant, wanted: Wanted, *, user: User) -> Found:
    """Return one page, the newest first. What failed stands apart on the first page of everything."""
    mine = Message.objects.visible_to(user).of(tenant).with_what_came_of_them()
    failed = list(unresolved(mine).newest_first()[:AT_MOST]) if wanted.is_all else []
    rows = _rows(mine, tenant, wanted, count=PAGE + 1)
    page, has_more = rows[:PAGE], len(rows) > PAGE
    phones = {message.recipient_phone for message in [*page, *failed]}
    return Found(
        messages=[message for message in page if message not in failed],
        blocked=blocked_phones(tenant, phones),
        next_before=page[-1].pk if has_more else None,
        failed=failed,
    )


def _rows(mine: MessageQuerySet, tenant: Tenant, wanted: Wanted, *, count: int) -> list[Message]:
    """Return the first of what is wanted. A bakery may have a million messages, so a search goes the way its newest tell."""
    of_time = _of_time(mine, wanted)
    found = _of_kind(of_time, wanted).newest_first()
    if not wanted.search.strip():
        return list(found[:count])
    matching = _matching(tenant, wanted.search.strip())
    found = found.alias(order_digits=OrderDigits("reference")).filter(matching)
    ids = of_time.newest_first().values_list("id", flat=True)
    last = ids[ways.SAMPLED : ways.SAMPLED + 1].first()
    sought = found.values_list("id", flat=True)
    first = ways.first_rows(
        sought,
        None if last is None else sought.filter(id__gt=last),
        count=count,
        # The index of bakeries would collect a million rows of this one beside the few that match.
        by_index=_read_for(tenant, wanted).filter(matching).values_list("id", flat=True),
    )
    if first is None:
        return list(found[:count])
    return list(mine.filter(id__in=first).newest_first())


def _read_for(tenant: Tenant, wanted: Wanted) -> MessageQuerySet:
    """Return the bakery's messages, the bakery in a form that no index has."""
    of_anybody = Message.objects.alias(
        bakery=Coalesce("tenant_id", "tenant_id"), order_digits=OrderDigits("reference")
    )
    return _of_kind(_of_time(of_anybody.filter(bakery=tenant.pk), wanted), wanted).newest_first()


def _of_time(mine: MessageQuerySet, wanted: Wanted) -> MessageQuerySet:
    found = mine
    if wanted.before is not None:
        found = found.filter(id__lt=wanted.before)
    if wanted.month is not None:
        found = found.created_between(
            after=begin_of(wanted.month.first), before=begin_of(wanted.month.after)
        )
    return found


def _of_kind(found: MessageQuerySet, wanted: Wanted) -> MessageQuerySet:
    if wanted.group is not None:
        found = found.notices().filter(status__in=STATUSES_OF[wanted.group])
    if wanted.group is Group.WAITING:
        # These columns have indexes of their own: among all messages what waits is rare.
        found = found.filter(_UNDER_WAY)
    if wanted.only_trials:
        # By the index of order numbers: among all messages tests are rare.
        found = found.filter(reference=trial.REFERENCE, is_trial=True)
    return found


def _matching(tenant: Tenant, term: str) -> Q:
    return orders_like(term) | Q(recipient_phone__in=_phones(tenant, term))


def _phones(tenant: Tenant, term: str) -> Collection[str]:
    """Return the numbers of whom `term` means: itself where it is a number, else of suppliers who are called so."""
    if number := phone_numbers.as_typed(term):
        known = recipients.having(tenant, [number]).get(number)
        return recipients.numbers_of(known) if known else phone_numbers.spellings(number)
    named = Recipient.objects.of(tenant).called(term).order_by("name", "id")
    return [phone for recipient in named[:_SUPPLIERS_AT_MOST] for phone in recipient.phones]
