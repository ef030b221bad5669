"""The days on which something ends or changes: the token, the Graph version, prices, templates, Meta's own dates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from messaging.graph_api.known_dates import KNOWN_DATES
from messaging.graph_api.versions import GRAPH_VERSIONS
from messaging.models import Message, MessageTemplate, PriceRate
from messaging.models.token_rotation import fingerprint_of
from messaging.services.accounts import NoAccountError, current_account
from tenants.models import WhatsAppBusinessAccount

# Days before the event on which people are reminded. A 60-day token cannot be renewed once it has expired.
TOKEN_END_STEPS = (15, 7, 1)
VERSION_STEPS = (60, 15, 1)
# What is past stays in sight for so long.
SHOWN_AFTER = timedelta(days=90)
# A template that was not sent for 12 months is archived (Template management, 2026-11-22).
_ARCHIVED_AFTER = timedelta(days=365)
_SOON = timedelta(days=15)


class DateKind(StrEnum):
    TOKEN_ENDS = "token_ends"  # noqa: S105 (a name)
    TOKEN_ROTATION = "token_rotation"  # noqa: S105 (a name)
    OLD_TOKEN_ENDS = "old_token_ends"  # noqa: S105 (a name)
    VERSION_ENDS = "version_ends"
    PRICES_BEGIN = "prices_begin"
    PRICES_END = "prices_end"
    TEMPLATE_ARCHIVED = "template_archived"
    STOP_ENDS = "stop_ends"
    SERVICE_CHARGED = "service_charged"
    SIGNUP_V2_ENDS = "signup_v2_ends"
    ACCOUNT_ALIAS_ENDS = "account_alias_ends"


class DateState(StrEnum):
    OVERDUE = "overdue"
    SOON = "soon"
    AHEAD = "ahead"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class DatedEvent:
    """`key` names this very event, so that a new token or version is another one. `at` is set where the hour matters.

    `steps` are the days before it on which people are reminded; events without any do not ask for anything to be done.
    `subject` is what the words about it name: a version, a template, a currency.
    """

    kind: DateKind
    key: str
    day: date
    at: datetime | None = None
    subject: str = ""
    steps: tuple[int, ...] = field(default=())
    asks_for_action: bool = True

    def state(self, today: date) -> DateState:
        if self.day <= today:
            return DateState.OVERDUE if self.asks_for_action else DateState.PAST
        near = timedelta(days=max(self.steps)) if self.steps else _SOON
        return DateState.SOON if self.day - today <= near else DateState.AHEAD


def dated_events() -> list[DatedEvent]:
    """Return what lies ahead and what has just passed, by date; never a token, a phone number or a bakery's name."""
    today = timezone.localdate()
    found = [*_version(), *_prices(today), *_templates(), *_known()]
    with contextlib.suppress(NoAccountError):
        found += _of_account(current_account())
    kept = [event for event in found if _is_shown(event, today)]
    return sorted(kept, key=lambda event: (event.day, event.kind, event.key))


def version_without_end() -> str | None:
    """Return the Graph version in use where its end cannot be among the dates: Meta has announced none, or we know none."""
    used = settings.WHATSAPP_API_VERSION
    has_end = any(row.version == used and row.usable_until for row in GRAPH_VERSIONS)
    return None if has_end else used


def _is_shown(event: DatedEvent, today: date) -> bool:
    return event.asks_for_action or event.day > today - SHOWN_AFTER


def _of_account(account: WhatsAppBusinessAccount) -> Iterator[DatedEvent]:
    mark = fingerprint_of(account.access_token)
    if account.token_expires_at is not None:
        yield _at(
            DateKind.TOKEN_ENDS, f"token:{mark}", account.token_expires_at, steps=TOKEN_END_STEPS
        )
    elif account.token_issued_at is not None:
        due = account.token_issued_at + timedelta(days=settings.WHATSAPP_TOKEN_ALARM_DAYS)
        yield _at(DateKind.TOKEN_ROTATION, f"token:{mark}", due, steps=_rotation_steps())
    if account.previous_token_until is not None:
        old = fingerprint_of(account.previous_token_list[-1]) if account.previous_token_list else ""
        yield _at(
            DateKind.OLD_TOKEN_ENDS,
            f"old-token:{old}",
            account.previous_token_until,
            asks_for_action=False,
        )
    if account.sending_stopped_until is not None:
        yield _at(
            DateKind.STOP_ENDS,
            f"stop:{account.waba_id}",
            account.sending_stopped_until,
            asks_for_action=False,
        )


def _rotation_steps() -> tuple[int, ...]:
    """The reminder's day, the alarm's, and one between: 50, 55 and 60 days after issue unless configured otherwise."""
    between = max(0, settings.WHATSAPP_TOKEN_ALARM_DAYS - settings.WHATSAPP_TOKEN_REMIND_DAYS)
    return tuple(sorted({between, between // 2, 0}, reverse=True))


def _at(
    kind: DateKind,
    key: str,
    moment: datetime,
    *,
    steps: tuple[int, ...] = (),
    asks_for_action: bool = True,
) -> DatedEvent:
    day = timezone.localtime(moment).date()
    return DatedEvent(kind, key, day, moment, steps=steps, asks_for_action=asks_for_action)


def _version() -> Iterator[DatedEvent]:
    version = settings.WHATSAPP_API_VERSION
    for known in GRAPH_VERSIONS:
        if known.version == version and known.usable_until is not None:
            yield DatedEvent(
                DateKind.VERSION_ENDS,
                f"graph:{version}",
                known.usable_until,
                subject=version,
                steps=VERSION_STEPS,
            )


def _prices(today: date) -> Iterator[DatedEvent]:
    """When prices of the book begin, and when some end and no others follow."""
    begins = PriceRate.objects.filter(valid_from__gt=today).values_list("valid_from", "currency")
    for day, currency in sorted(set(begins)):
        yield DatedEvent(
            DateKind.PRICES_BEGIN,
            f"prices:{currency}:{day}",
            day,
            subject=currency,
            asks_for_action=False,
        )
    ends = PriceRate.objects.filter(
        valid_to__gt=today, currency=settings.WHATSAPP_BILLING_CURRENCY
    ).values_list("valid_to", "currency")
    followed = {(day, currency) for day, currency in begins}
    for end, currency in sorted({(end, currency) for end, currency in ends if end is not None}):
        if (end, currency) not in followed:
            yield DatedEvent(
                DateKind.PRICES_END, f"prices-end:{currency}:{end}", end, subject=currency
            )


def _templates() -> Iterator[DatedEvent]:
    """When Meta archives an approved template that was sent once and is sent no more."""
    for template in MessageTemplate.objects.approved().by_name():
        sent = Message.objects.filter(template=template).order_by("-id")
        last = sent.values_list("created_at", flat=True).first()
        if last is not None:
            day = timezone.localtime(last + _ARCHIVED_AFTER).date()
            if day - timezone.localdate() <= timedelta(days=180):
                yield DatedEvent(
                    DateKind.TEMPLATE_ARCHIVED,
                    f"template:{template.pk}:{day}",
                    day,
                    subject=str(template),
                )


def _known() -> Iterator[DatedEvent]:
    for known in KNOWN_DATES:
        yield DatedEvent(
            DateKind(known.kind), f"meta:{known.kind}", known.on, asks_for_action=False
        )
