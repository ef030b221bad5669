"""A bakery's notices, searched and leafed through: by order number or supplier, by state, by month; never by counting."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Q

from messaging.models import Message, MessageQuerySet, Recipient
from messaging.models.searching import OrderDigits, orders_like
from messaging.months import Month, begin_of
from messaging.services import recipients, trial
from messaging.services.failures import AT_MOST, unresolved
from messaging.services.overview import STATUSES_OF, Group
from messaging.services.suppressions import blocked_phones
from tenants import phone_numbers
from tenants.models import Tenant, User

PAGE = 25
_SUPPLIERS_AT_MOST = 20


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
    rows = list(_wanted(mine, tenant, wanted).newest_first()[: PAGE + 1])
    page, has_more = rows[:PAGE], len(rows) > PAGE
    phones = {message.recipient_phone for message in [*page, *failed]}
    return Found(
        messages=[message for message in page if message not in failed],
        blocked=blocked_phones(tenant, phones),
        next_before=page[-1].pk if has_more else None,
        failed=failed,
    )


def _wanted(mine: MessageQuerySet, tenant: Tenant, wanted: Wanted) -> MessageQuerySet:
    found = mine
    if wanted.before is not None:
        found = found.filter(id__lt=wanted.before)
    if wanted.month is not None:
        found = found.created_between(
            after=begin_of(wanted.month.first), before=begin_of(wanted.month.after)
        )
    if wanted.group is not None:
        found = found.notices().filter(status__in=STATUSES_OF[wanted.group])
    if wanted.only_trials:
        # By the index of order numbers: among all messages tests are rare.
        found = found.filter(reference=trial.REFERENCE, is_trial=True)
    term = wanted.search.strip()
    if not term:
        return found
    return found.alias(order_digits=OrderDigits("reference")).filter(_matching(tenant, term))


def _matching(tenant: Tenant, term: str) -> Q:
    return orders_like(term) | Q(recipient_phone__in=_phones(tenant, term))


def _phones(tenant: Tenant, term: str) -> Collection[str]:
    """Return the numbers of whom `term` means: itself where it is a number, else of suppliers who are called so."""
    if number := phone_numbers.as_typed(term):
        known = recipients.having(tenant, [number]).get(number)
        return recipients.numbers_of(known) if known else phone_numbers.spellings(number)
    named = Recipient.objects.of(tenant).called(term).order_by("name", "id")
    return [phone for recipient in named[:_SUPPLIERS_AT_MOST] for phone in recipient.phones]
